#pragma once
// Plain SHA-256 (FIPS 180-4): the oracle that every fast kernel is checked against, and the code
// that judges every share. Written to be read, not to be fast.

#include <array>
#include <cstdint>
#include <string>

#include "core/bytes.h"

namespace ebb::core {

/// A 32-byte digest in the order SHA-256 writes it. Bitcoin reads block and transaction hashes as
/// a little-endian number and prints them reversed.
struct Hash256 {
  std::array<std::uint8_t, 32> bytes{};

  /// As explorers print it: most significant byte of the number first.
  std::string to_display_hex() const;
  friend bool operator==(const Hash256&, const Hash256&) = default;
};

/// The eight chaining words after some number of whole 64-byte blocks.
struct Midstate {
  std::array<std::uint32_t, 8> words{};
  friend bool operator==(const Midstate&, const Midstate&) = default;
};

/// The state before the first block (FIPS 180-4, 5.3.3).
Midstate sha256_initial() noexcept;

/// One compression of a 64-byte block.
Midstate sha256_compress(const Midstate& state, const std::uint8_t* block) noexcept;

Hash256 sha256(ByteView data);

/// SHA-256 of SHA-256, Bitcoin's hash.
Hash256 sha256d(ByteView data);

}  // namespace ebb::core
