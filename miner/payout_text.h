#pragma once
// Whom a pool's coinbase pays, in words.

#include <string>
#include <string_view>

#include "stratum/node/address.h"
#include "stratum/payout_watch.h"

namespace ebb::miner {

/// "3.05 BTC to bc1q… (97.6 %), 0.075 BTC to bc1p… (2.4 %), and 3 others": at most four by name.
std::string payout_text(const stratum::PayoutSeen& seen, stratum::node::Network network);

/// The network of a user name that begins with an address ("bc1q….rig1"); mainnet otherwise.
stratum::node::Network network_of_user(std::string_view user);

}  // namespace ebb::miner
