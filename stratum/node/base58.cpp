#include "stratum/node/base58.h"

#include <algorithm>

#include "core/sha256.h"

namespace ebb::stratum::node {
namespace {

constexpr std::string_view kAlphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::size_t kChecksumSize = 4;

/// A number, most significant digit first, to another base; without leading zeros.
std::vector<std::uint8_t> rebased(core::ByteView digits, unsigned from, unsigned to) {
  std::vector<std::uint8_t> out;  // least significant first
  for (unsigned carry : digits) {
    for (std::uint8_t& digit : out) {
      carry += digit * from;
      digit = static_cast<std::uint8_t>(carry % to);
      carry /= to;
    }
    for (; carry > 0; carry /= to)
      out.push_back(static_cast<std::uint8_t>(carry % to));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

/// Each leading zero byte is written as a digit of its own.
std::size_t leading_zeros(core::ByteView bytes) {
  return static_cast<std::size_t>(
      std::find_if(bytes.begin(), bytes.end(), [](auto byte) { return byte != 0; }) -
      bytes.begin());
}

}  // namespace

bool is_base58(std::string_view text) {
  return text.find_first_not_of(kAlphabet) == std::string_view::npos;
}

std::optional<core::Bytes> decode_base58check(std::string_view text) {
  if (text.size() > kMaxBase58 || !is_base58(text)) return std::nullopt;
  core::Bytes digits;
  for (const char c : text)
    digits.push_back(static_cast<std::uint8_t>(kAlphabet.find(c)));
  core::Bytes bytes(leading_zeros(digits), 0);
  const core::Bytes number = rebased(digits, 58, 256);
  bytes.insert(bytes.end(), number.begin(), number.end());
  if (bytes.size() < kChecksumSize) return std::nullopt;
  const core::ByteView payload = core::ByteView(bytes).first(bytes.size() - kChecksumSize);
  const core::Hash256 hash = core::sha256d(payload);
  if (!std::equal(hash.bytes.begin(), hash.bytes.begin() + kChecksumSize, payload.end()))
    return std::nullopt;
  return core::Bytes(payload.begin(), payload.end());
}

std::string encode_base58check(core::ByteView payload) {
  core::Bytes bytes(payload.begin(), payload.end());
  const core::Hash256 hash = core::sha256d(payload);
  bytes.insert(bytes.end(), hash.bytes.begin(), hash.bytes.begin() + kChecksumSize);
  std::string text(leading_zeros(bytes), kAlphabet[0]);
  for (const std::uint8_t digit : rebased(bytes, 256, 58))
    text += kAlphabet[digit];
  return text;
}

}  // namespace ebb::stratum::node
