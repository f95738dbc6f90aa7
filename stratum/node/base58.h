#pragma once
// Base58 with a checksum, as Bitcoin's first addresses use it.

#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"

namespace ebb::stratum::node {

/// Text of more characters is none of an address's, whose payload is 21 bytes.
inline constexpr std::size_t kMaxBase58 = 40;

/// Of nothing but characters of the alphabet.
bool is_base58(std::string_view text);

/// The bytes before the checksum. Nothing when that is wrong, or for text longer than kMaxBase58 or
/// with other characters.
std::optional<core::Bytes> decode_base58check(std::string_view text);

std::string encode_base58check(core::ByteView payload);

}  // namespace ebb::stratum::node
