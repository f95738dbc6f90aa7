#include "stratum/node/bech32.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace ebb::stratum::node {
namespace {

constexpr std::string_view kCharset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t kMaxLength = 90, kChecksumLength = 6;
constexpr std::uint32_t kBech32 = 1, kBech32m = 0x2bc830a3;

using Groups = std::vector<std::uint8_t>;  ///< of 5 bits each

std::uint32_t checksum_of(std::string_view prefix, const Groups& groups) {
  constexpr std::array<std::uint32_t, 5> kGenerator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
                                                       0x3d4233dd, 0x2a1462b3};
  std::uint32_t sum = 1;
  const auto add = [&](unsigned value) {
    const std::uint32_t top = sum >> 25;
    sum = (sum & 0x1ffffff) << 5 ^ value;
    for (unsigned i = 0; i < kGenerator.size(); ++i)
      if ((top >> i & 1) != 0) sum ^= kGenerator[i];
  };
  for (const char c : prefix)
    add(static_cast<unsigned char>(c) >> 5);
  add(0);
  for (const char c : prefix)
    add(static_cast<unsigned char>(c) & 31);
  for (const std::uint8_t group : groups)
    add(group);
  return sum;
}

std::uint32_t constant_of(unsigned version) {
  return version == 0 ? kBech32 : kBech32m;
}

/// Nothing when bits are left over that are more than padding, or not zero.
std::optional<core::Bytes> bytes_of(const Groups& groups) {
  core::Bytes bytes;
  unsigned bits = 0, held = 0;
  for (const std::uint8_t group : groups) {
    held = (held << 5 | group) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<std::uint8_t>(held >> bits));
    }
  }
  const bool only_padding = bits < 5 && (held & ((1u << bits) - 1)) == 0;
  return only_padding ? std::optional(std::move(bytes)) : std::nullopt;
}

Groups groups_of(core::ByteView bytes) {
  Groups groups;
  unsigned bits = 0, held = 0;
  for (const std::uint8_t byte : bytes) {
    held = (held << 8 | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      groups.push_back(held >> bits & 31);
    }
  }
  if (bits > 0) groups.push_back(held << (5 - bits) & 31);
  return groups;
}

}  // namespace

tl::expected<WitnessAddress, std::string> decode_witness_address(std::string_view text) {
  const auto bad = [](const char* what) { return tl::unexpected(std::string(what)); };
  if (text.size() > kMaxLength) return bad("is too long for an address");
  bool has_lower = false, has_upper = false;
  std::string lower(text);
  for (char& c : lower) {
    if (c < '!' || c > '~') return bad("has a character that no address has");
    has_lower = has_lower || (c >= 'a' && c <= 'z');
    if (c >= 'A' && c <= 'Z') {
      has_upper = true;
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
  if (has_lower && has_upper) return bad("mixes upper and lower case");
  const std::size_t separator = lower.rfind('1');
  if (separator == std::string::npos || separator == 0) return bad("has no prefix");
  // A version, a checksum.
  if (lower.size() - separator - 1 < 1 + kChecksumLength) return bad("is too short");

  WitnessAddress address;
  address.prefix = lower.substr(0, separator);
  Groups groups;
  for (const char c : std::string_view(lower).substr(separator + 1)) {
    const std::size_t value = kCharset.find(c);
    if (value == std::string_view::npos) return bad("has a character that no such address has");
    groups.push_back(static_cast<std::uint8_t>(value));
  }
  const std::uint32_t checksum = checksum_of(address.prefix, groups);
  if (checksum != kBech32 && checksum != kBech32m) return bad("has a wrong checksum: mistyped?");
  address.version = groups.front();
  if (address.version > 16) return bad("has an impossible witness version");
  if (checksum != constant_of(address.version)) {
    return bad(address.version == 0 ? "has the checksum of bech32m, but must have bech32's"
                                    : "has the checksum of bech32, but must have bech32m's");
  }
  auto program = bytes_of(Groups(groups.begin() + 1, groups.end() - kChecksumLength));
  if (!program) return bad("has a malformed witness program");
  address.program = *std::move(program);
  const std::size_t size = address.program.size();
  if (size < 2 || size > 40 || (address.version == 0 && size != 20 && size != 32))
    return bad("has a witness program of an impossible length");
  return address;
}

std::string encode_witness_address(const WitnessAddress& address) {
  Groups groups = groups_of(address.program);
  groups.insert(groups.begin(), static_cast<std::uint8_t>(address.version));
  Groups with_room = groups;
  with_room.resize(groups.size() + kChecksumLength);
  const std::uint32_t checksum =
      checksum_of(address.prefix, with_room) ^ constant_of(address.version);
  for (unsigned i = 0; i < kChecksumLength; ++i)
    groups.push_back(checksum >> (5 * (kChecksumLength - 1 - i)) & 31);
  std::string text = address.prefix + '1';
  for (const std::uint8_t group : groups)
    text += kCharset[group];
  return text;
}

}  // namespace ebb::stratum::node
