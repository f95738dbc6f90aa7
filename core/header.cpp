#include "core/header.h"

#include <algorithm>

namespace ebb::core {

std::array<std::uint8_t, 80> Header::serialize() const {
  std::array<std::uint8_t, 80> out;
  store_le32(&out[0], version);
  std::copy(prev_hash.bytes.begin(), prev_hash.bytes.end(), &out[4]);
  std::copy(merkle_root.bytes.begin(), merkle_root.bytes.end(), &out[36]);
  store_le32(&out[68], time);
  store_le32(&out[72], bits);
  store_le32(&out[76], nonce);
  return out;
}

Header Header::parse(std::span<const std::uint8_t, 80> bytes) {
  Header header;
  header.version = load_le32(&bytes[0]);
  std::copy_n(&bytes[4], 32, header.prev_hash.bytes.begin());
  std::copy_n(&bytes[36], 32, header.merkle_root.bytes.begin());
  header.time = load_le32(&bytes[68]);
  header.bits = load_le32(&bytes[72]);
  header.nonce = load_le32(&bytes[76]);
  return header;
}

Hash256 Header::hash() const {
  return sha256d(serialize());
}

Midstate Header::midstate() const {
  return sha256_compress(sha256_initial(), serialize().data());
}

}  // namespace ebb::core
