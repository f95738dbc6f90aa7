#include "core/bytes.h"

#include "tests/unit/catch.h"

using namespace ebb::core;

TEST_CASE("bytes: endian loads and stores") {
  const std::uint8_t bytes[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
  CHECK(load_le32(bytes) == 0x67452301u);
  CHECK(load_be32(bytes) == 0x01234567u);
  CHECK(load_le32(bytes + 4) == 0xefcdab89u);
  CHECK(load_be32(bytes + 3) == 0x6789abcdu);
  CHECK(byteswap32(0x80ff0102u) == 0x0201ff80u);

  std::uint8_t out[6] = {0xaa, 0, 0, 0, 0, 0xbb};
  store_le32(out + 1, 0xdeadbeef);
  CHECK(to_hex(ByteView(out)) == "aaefbeaddebb");
  store_be32(out + 1, 0xdeadbeef);
  CHECK(to_hex(ByteView(out)) == "aadeadbeefbb");
  for (const std::uint32_t value : {0u, 1u, 0x80u, 0x8000u, 0x800000u, 0x80000000u, 0xffffffffu}) {
    store_le32(out, value);
    CHECK(load_le32(out) == value);
    store_be32(out, value);
    CHECK(load_be32(out) == value);
  }
}

TEST_CASE("bytes: to_hex") {
  CHECK(to_hex(ByteView()) == "");
  const Bytes bytes = {0x00, 0x0f, 0xf0, 0xff, 0x9a};
  CHECK(to_hex(bytes) == "000ff0ff9a");
  CHECK(to_hex(0u) == "00000000");
  CHECK(to_hex(0x1fffe000u) == "1fffe000");
  CHECK(to_hex(0xffffffffu) == "ffffffff");
}

TEST_CASE("bytes: from_hex is the inverse and takes either case") {
  Bytes every(256);
  for (std::size_t i = 0; i < 256; ++i)
    every[i] = static_cast<std::uint8_t>(i);
  const auto back = from_hex(to_hex(every));
  REQUIRE(back.has_value());
  CHECK(*back == every);

  REQUIRE(from_hex("").has_value());
  CHECK(from_hex("")->empty());
  REQUIRE(from_hex("aBCdEf").has_value());
  CHECK(*from_hex("aBCdEf") == Bytes{0xab, 0xcd, 0xef});
}

TEST_CASE("bytes: from_hex refuses what is not hexadecimal") {
  CHECK_FALSE(from_hex("a").has_value());
  CHECK_FALSE(from_hex("abc").has_value());
  CHECK_FALSE(from_hex(std::string_view("abcdef", 3)).has_value());
  CHECK_FALSE(from_hex("0x12").has_value());
  CHECK_FALSE(from_hex(" 12 ").has_value());
  CHECK_FALSE(from_hex("12\n4").has_value());
  CHECK_FALSE(from_hex("-1").has_value());
  CHECK_FALSE(from_hex(std::string_view("12\0000", 4)).has_value());
  // Neighbours of the digits and letters, and a byte above 127, in either half of a pair.
  for (const char c : {'/', ':', '@', 'G', '`', 'g', '\x80', '\xff'}) {
    CHECK_FALSE(from_hex(std::string{c, '0'}).has_value());
    CHECK_FALSE(from_hex(std::string{'0', c}).has_value());
  }
}

TEST_CASE("bytes: u32_from_hex wants exactly eight digits") {
  CHECK(u32_from_hex("1fffe000").value() == 0x1fffe000u);
  CHECK(u32_from_hex("DEADbeef").value() == 0xdeadbeefu);
  CHECK(u32_from_hex("00000000").value() == 0u);
  CHECK(u32_from_hex("ffffffff").value() == 0xffffffffu);
  for (const char* text : {"", "0", "1fffe00", "01fffe000", "0x1fffe0", " 1fffe00", "1fffe00g",
                           "1fffe000 ", "001fffe000", "+1fffe00"}) {
    INFO(text);
    CHECK_FALSE(u32_from_hex(text).has_value());
  }
}
