#pragma once
// Bech32 and bech32m as addresses use them (BIP 173, BIP 350).

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "core/bytes.h"

namespace ebb::stratum::node {

struct WitnessAddress {
  std::string prefix;  ///< the human-readable part, in lower case
  unsigned version = 0;
  core::Bytes program;
};

/// The error says what is wrong, without the text.
tl::expected<WitnessAddress, std::string> decode_witness_address(std::string_view text);

/// Needs version 0..16, a program of 2..40 bytes and a prefix in lower case.
std::string encode_witness_address(const WitnessAddress& address);

}  // namespace ebb::stratum::node
