#pragma once
// The 80-byte block header, the thing that is hashed.

#include <array>
#include <cstdint>

#include "core/sha256.h"

namespace ebb::core {

/// Fields as numbers and digests in raw order; serialize() writes the consensus encoding.
struct Header {
  std::uint32_t version = 0;
  Hash256 prev_hash;
  Hash256 merkle_root;
  std::uint32_t time = 0;
  std::uint32_t bits = 0;
  std::uint32_t nonce = 0;

  std::array<std::uint8_t, 80> serialize() const;
  static Header parse(std::span<const std::uint8_t, 80> bytes);

  Hash256 hash() const;

  /// State after the first 64 bytes, which hold everything but the last four bytes of the merkle
  /// root, time, bits and nonce.
  Midstate midstate() const;

  friend bool operator==(const Header&, const Header&) = default;
};

}  // namespace ebb::core
