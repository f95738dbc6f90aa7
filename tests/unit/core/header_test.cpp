#include "core/header.h"

#include "core/target.h"
#include "tests/unit/catch.h"
#include "tests/unit/core/support.h"

using namespace ebb::core;
using ebb::test::mainnet_headers;

TEST_CASE("header: every mainnet header proves itself") {
  const auto headers = mainnet_headers();
  REQUIRE(headers.size() >= 10);
  unsigned rolled = 0;
  for (const auto& [height, header, hash] : headers) {
    INFO("block " << height);
    CHECK(header.hash().to_display_hex() == hash);
    const auto target = Target::from_compact(header.bits);
    REQUIRE(target.has_value());
    CHECK(target->is_met_by(header.hash()));

    Header other = header;
    other.nonce ^= 1;
    CHECK_FALSE(target->is_met_by(other.hash()));
    if ((header.version & 0x1fffe000) != 0 && header.version >> 29 == 1) ++rolled;
  }
  CHECK(rolled >= 5);
}

TEST_CASE("header: the genesis block's fields") {
  const Header header = mainnet_headers().at(0).header;
  CHECK(header.version == 1u);
  CHECK(header.prev_hash == Hash256{});
  CHECK(header.merkle_root.to_display_hex() ==
        "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b");
  CHECK(header.time == 1231006505u);
  CHECK(header.bits == 0x1d00ffffu);
  CHECK(header.nonce == 0x7c2bac1du);
}

TEST_CASE("header: serialize puts each field in its place") {
  Header header;
  header.version = 0x04030201;
  for (std::uint8_t i = 0; i < 32; ++i) {
    header.prev_hash.bytes[i] = static_cast<std::uint8_t>(5 + i);
    header.merkle_root.bytes[i] = static_cast<std::uint8_t>(37 + i);
  }
  header.time = 0x48474645;
  header.bits = 0x4c4b4a49;
  header.nonce = 0x504f4e4d;
  const auto bytes = header.serialize();
  for (std::size_t i = 0; i < 80; ++i)
    CHECK(unsigned{bytes[i]} == i + 1);
  CHECK(Header::parse(bytes) == header);
}

TEST_CASE("header: parse and serialize are inverse") {
  ebb::test::Random random(80);
  for (int i = 0; i < 100; ++i) {
    std::array<std::uint8_t, 80> bytes;
    for (auto& byte : bytes)
      byte = static_cast<std::uint8_t>(random.u64());
    CHECK(Header::parse(bytes).serialize() == bytes);
  }
}

TEST_CASE("header: midstate is the state after 64 bytes") {
  for (const auto& [height, header, hash] : mainnet_headers()) {
    INFO("block " << height);
    const auto bytes = header.serialize();
    std::uint8_t second[64] = {};
    std::copy(bytes.begin() + 64, bytes.end(), second);
    second[16] = 0x80;
    second[62] = 0x02;  // 640 bits
    second[63] = 0x80;
    const Midstate state = sha256_compress(header.midstate(), second);
    Hash256 first_hash;
    for (std::size_t i = 0; i < 8; ++i)
      store_be32(&first_hash.bytes[4 * i], state.words[i]);
    CHECK(sha256(first_hash.bytes) == header.hash());

    Header other = header;
    other.nonce += 1;
    other.time += 1;
    CHECK(other.midstate() == header.midstate());
    other.version ^= 0x2000;
    CHECK_FALSE(other.midstate() == header.midstate());
  }
}
