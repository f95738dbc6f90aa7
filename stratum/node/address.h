#pragma once
// Addresses as people write them, and the output scripts that they stand for: base58check (P2PKH,
// P2SH), bech32 (BIP 173, witness version 0) and bech32m (BIP 350, from version 1 on).

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "core/bytes.h"

namespace ebb::stratum::node {

/// Networks whose addresses look different. Testnet 3, testnet 4 and signet share theirs.
enum class Network { mainnet, testnet, regtest };

/// "mainnet", "testnet", "regtest".
std::string_view name_of(Network network);

/// By a node's name for its chain: "main", "test", "testnet4", "signet", "regtest".
std::optional<Network> network_of_chain(std::string_view chain);

struct Address {
  core::Bytes script;  ///< the output script (scriptPubKey)
  Network network = Network::mainnet;
  /// Base58 addresses of testnets are addresses of regtest, too; `network` is then testnet.
  bool is_base58 = false;

  bool is_of(Network other) const {
    return network == other ||
           (is_base58 && network == Network::testnet && other == Network::regtest);
  }
};

/// The error is one line for the user, which quotes the text.
tl::expected<Address, std::string> parse_address(std::string_view text);

/// An address to be paid. Refuses as well what the rules of today let anyone take: witness programs
/// of versions that have no rules yet.
tl::expected<Address, std::string> parse_payout_address(std::string_view text);

/// Nothing for a script that no address stands for.
std::optional<std::string> address_of(core::ByteView script, Network network);

}  // namespace ebb::stratum::node
