#pragma once
// Endian loads and stores, byte strings, hexadecimal text.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ebb::core {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

constexpr std::uint32_t byteswap32(std::uint32_t x) noexcept {
  return __builtin_bswap32(x);
}

constexpr std::uint32_t load_le32(const std::uint8_t* p) noexcept {
  return std::uint32_t{p[0]} | std::uint32_t{p[1]} << 8 | std::uint32_t{p[2]} << 16 |
         std::uint32_t{p[3]} << 24;
}

constexpr std::uint32_t load_be32(const std::uint8_t* p) noexcept {
  return byteswap32(load_le32(p));
}

constexpr void store_le32(std::uint8_t* p, std::uint32_t x) noexcept {
  for (int i = 0; i < 4; ++i)
    p[i] = static_cast<std::uint8_t>(x >> (8 * i));
}

constexpr void store_be32(std::uint8_t* p, std::uint32_t x) noexcept {
  store_le32(p, byteswap32(x));
}

/// Lower-case hexadecimal, two characters a byte, first byte first.
std::string to_hex(ByteView bytes);

/// Eight lower-case hexadecimal characters, most significant first.
std::string to_hex(std::uint32_t value);

/// Either case; nothing for an odd length or any other character.
std::optional<Bytes> from_hex(std::string_view text);

/// Exactly eight hexadecimal characters, most significant first; nothing otherwise.
std::optional<std::uint32_t> u32_from_hex(std::string_view text);

}  // namespace ebb::core
