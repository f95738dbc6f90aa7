#include "core/target.h"

#include <bit>
#include <cmath>
#include <limits>

namespace ebb::core {
namespace {

using Words = std::array<std::uint64_t, 4>;

Words words_of(const Hash256& hash) {
  Words words;
  for (std::size_t i = 0; i < 4; ++i) {
    words[i] = load_le32(&hash.bytes[8 * i]) | std::uint64_t{load_le32(&hash.bytes[8 * i + 4])}
                                                   << 32;
  }
  return words;
}

std::strong_ordering compare(const Words& a, const Words& b) {
  for (std::size_t i = 4; i-- > 0;) {
    if (a[i] != b[i]) return a[i] <=> b[i];
  }
  return std::strong_ordering::equal;
}

double difficulty_of_words(const Words& words) {
  double value = 0;
  for (std::size_t i = 4; i-- > 0;)
    value = value * 0x1p64 + static_cast<double>(words[i]);
  if (value == 0) return std::numeric_limits<double>::infinity();
  return std::ldexp(65535.0, 208) / value;
}

}  // namespace

Target Target::max() {
  Target target;
  target.words_.fill(~std::uint64_t{0});
  return target;
}

std::optional<Target> Target::from_compact(std::uint32_t bits) {
  const unsigned exponent = bits >> 24;
  std::uint32_t mantissa = bits & 0x007fffff;
  const bool negative = (bits & 0x00800000) != 0;
  if (exponent < 3) mantissa >>= 8 * (3 - exponent);
  if (mantissa == 0 || negative) return std::nullopt;

  Target target;
  const unsigned first_byte = exponent < 3 ? 0 : exponent - 3;
  for (unsigned i = 0; i < 3; ++i) {
    const std::uint64_t byte = mantissa >> (8 * i) & 0xff;
    if (byte == 0) continue;
    const unsigned position = first_byte + i;
    if (position >= 32) return std::nullopt;
    target.words_[position / 8] |= byte << (8 * (position % 8));
  }
  return target;
}

std::optional<Target> Target::from_difficulty(double difficulty) {
  if (!std::isfinite(difficulty) || difficulty <= 0) return std::nullopt;

  // difficulty = mantissa * 2^exponent exactly, mantissa a 53-bit integer. The quotient is
  // floor(0xFFFF * 2^shift / mantissa), got by long division one bit at a time.
  int exponent = 0;
  const double fraction = std::frexp(difficulty, &exponent);
  const auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
  const int shift = 208 - (exponent - 53);

  // A negative shift divides 0xFFFF by 2^-shift as well; below -16 nothing is left.
  if (shift < 0) return Target();
  // mantissa < 2^53, so the quotient is above 0xFFFF * 2^(shift - 53): past 2^256 from here on.
  if (shift >= 256 + 53) return Target::max();

  Target target;
  std::uint64_t remainder = 0;
  for (int bit = shift + 15; bit >= 0; --bit) {
    remainder = remainder << 1 | (bit >= shift ? 1 : 0);
    const bool one = remainder >= mantissa;
    if (one) remainder -= mantissa;
    if (!one) continue;
    if (bit >= 256) return Target::max();
    target.words_[static_cast<std::size_t>(bit) / 64] |= std::uint64_t{1} << (bit % 64);
  }
  return target;
}

bool Target::is_met_by(const Hash256& hash) const {
  return compare(words_of(hash), words_) <= 0;
}

double Target::difficulty() const {
  return difficulty_of_words(words_);
}

std::uint32_t Target::zero_mask() const {
  const auto top = static_cast<std::uint32_t>(words_[3] >> 32);
  const int zeros = std::countl_zero(top);
  const std::uint32_t high_bits = zeros == 0 ? 0 : ~std::uint32_t{0} << (32 - zeros);
  return byteswap32(high_bits);
}

std::strong_ordering Target::operator<=>(const Target& other) const {
  return compare(words_, other.words_);
}

double difficulty_of(const Hash256& hash) {
  return difficulty_of_words(words_of(hash));
}

}  // namespace ebb::core
