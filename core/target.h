#pragma once
// 256-bit targets: compact nBits, pool difficulty, and the test a hash must pass.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>

#include "core/sha256.h"

namespace ebb::core {

/// A 256-bit threshold. A hash, read as a little-endian number, meets it when it is not above it.
class Target {
 public:
  /// Zero: met by no hash that anyone will ever see.
  constexpr Target() = default;

  /// The easiest target, 2^256 - 1.
  static Target max();

  /// From nBits (Bitcoin's "compact" form: base-256 exponent and 23-bit mantissa). Nothing for a
  /// negative, zero or overflowing value, as Bitcoin Core's CheckProofOfWork has it.
  static std::optional<Target> from_compact(std::uint32_t bits);

  /// floor(0xFFFF * 2^208 / difficulty), with the double taken at its exact value; saturates at
  /// 2^256 - 1. Nothing for NaN, infinity, zero or below.
  static std::optional<Target> from_difficulty(double difficulty);

  bool is_met_by(const Hash256& hash) const;

  /// 0xFFFF * 2^208 / target, rounded to double; infinity for the zero target.
  double difficulty() const;

  /// Which bits of the hash's last state word (h7, as a kernel holds it) are zero in every hash
  /// that meets this target. Kernels test `(h7 & zero_mask) == 0`: a superset of the true hits.
  std::uint32_t zero_mask() const;

  /// The target's top 32 bits: h7 with its bytes swapped is not above them in any hash that meets
  /// this target. Never more hits than by the mask; the same when all 32 bits are zero.
  std::uint32_t threshold() const { return static_cast<std::uint32_t>(words_[3] >> 32); }

  /// Least significant word first.
  const std::array<std::uint64_t, 4>& words() const { return words_; }

  friend bool operator==(const Target&, const Target&) = default;
  std::strong_ordering operator<=>(const Target& other) const;

 private:
  std::array<std::uint64_t, 4> words_{};
};

/// The difficulty that `hash` would just meet; infinity for the zero hash.
double difficulty_of(const Hash256& hash);

}  // namespace ebb::core
