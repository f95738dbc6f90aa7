#pragma once
// What the fuzzer of addresses does with its bytes. The unit tests replay its corpus.

#include <stdexcept>
#include <string_view>

#include "stratum/node/address.h"

namespace ebb::stratum::node {

/// The bytes as an address and as a script: what is understood comes back the same.
inline void fuzz_address(std::string_view data) {
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  };
  if (const auto address = parse_address(data)) {
    must(!address->script.empty() && address->script.size() <= 42, "script");
    const auto text = address_of(address->script, address->network);
    must(text.has_value(), "no address stands for an address's script");
    std::string lower(data);
    for (char& c : lower)
      if (!address->is_base58 && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    must(*text == lower, "another text for the same script");
  } else {
    must(address.error().size() < 250, "error text");
    must(address.error().find_first_of(std::string_view("\0\n\r\x1b", 4)) == std::string::npos,
         "a control character in the error");
    must(!parse_payout_address(data), "pays what is no address");
  }
  const core::Bytes script(data.begin(), data.end());
  for (const Network network : {Network::mainnet, Network::testnet, Network::regtest}) {
    const auto text = address_of(script, network);
    if (!text) continue;
    const auto address = parse_address(*text);
    must(address && address->script == script && address->is_of(network), "script to text");
  }
}

}  // namespace ebb::stratum::node
