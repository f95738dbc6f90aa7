#include "core/sha256.h"

#include "tests/unit/catch.h"

using namespace ebb::core;

namespace {

ByteView bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// 7i + 3 mod 251: a prime, so that no two blocks look alike.
Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<std::uint8_t>((7 * i + 3) % 251);
  return bytes;
}

void append(Bytes& bytes, const Hash256& digest) {
  bytes.insert(bytes.end(), digest.bytes.begin(), digest.bytes.end());
}

}  // namespace

// Digests: NIST's examples for FIPS 180-4.
TEST_CASE("sha256: known answers") {
  CHECK(to_hex(sha256({}).bytes) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(sha256(bytes_of("abc")).bytes) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(
      to_hex(sha256(bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).bytes) ==
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(to_hex(sha256(bytes_of(std::string(1'000'000, 'a'))).bytes) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// The digests of all lengths, joined and hashed once more; from Python's hashlib.
TEST_CASE("sha256: every length from 0 to 130") {
  Bytes once, twice;
  for (std::size_t size = 0; size <= 130; ++size) {
    append(once, sha256(pattern(size)));
    append(twice, sha256d(pattern(size)));
  }
  CHECK(to_hex(sha256(once).bytes) ==
        "ef85aea6f83f9773ea64fb28871020354cea33ec9ca6c7b113fe481ab4617025");
  CHECK(to_hex(sha256(twice).bytes) ==
        "1c8482079aeddab9a433f767b4380c95275e5664406fb4e8cd767822f9b82dc5");
}

TEST_CASE("sha256: sha256d hashes the digest") {
  CHECK(to_hex(sha256d({}).bytes) ==
        "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456");
  CHECK(to_hex(sha256d(bytes_of("hello")).bytes) ==
        "9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a419833d50");
}

TEST_CASE("sha256: the data may lie at any address") {
  const Bytes message = pattern(100);
  for (std::size_t shift = 0; shift < 8; ++shift) {
    Bytes moved(shift);
    moved.insert(moved.end(), message.begin(), message.end());
    CHECK(sha256(ByteView(moved).subspan(shift)) == sha256(message));
  }
}

TEST_CASE("sha256: one block at a time gives the whole") {
  // 64 bytes of message, then the padding block that FIPS 180-4, 5.1.1 asks for.
  const Bytes message = pattern(64);
  Bytes padding(64);
  padding[0] = 0x80;
  padding[62] = 0x02;  // 512 bits
  const Midstate state =
      sha256_compress(sha256_compress(sha256_initial(), message.data()), padding.data());
  Hash256 digest;
  for (std::size_t i = 0; i < 8; ++i)
    store_be32(&digest.bytes[4 * i], state.words[i]);
  CHECK(digest == sha256(message));
}

TEST_CASE("sha256: explorers print the last byte first") {
  Hash256 hash;
  hash.bytes[0] = 0x01;
  hash.bytes[31] = 0xab;
  CHECK(hash.to_display_hex() ==
        "ab00000000000000000000000000000000000000000000000000000000000001");
}
