#include "miner/payout_text.h"

#include "tests/unit/catch.h"

namespace ebb::miner {

using stratum::PayoutSeen;
using stratum::node::Network;

namespace {

const core::Bytes kAlice = *core::from_hex("0014751e76e8199196d454941c45d1b3a323f1433bd6");

}  // namespace

TEST_CASE("payout text: addresses of the network, largest first") {
  PayoutSeen seen;
  seen.payout.outputs = {{306'250'000, kAlice}, {6'250'000, {0x51}}};
  seen.payout.total = 312'500'000;
  CHECK(payout_text(seen, Network::mainnet) ==
        "3.0625 BTC to bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 (98.0 %), 0.0625 BTC to script "
        "51 (2.0 %)");
  CHECK(payout_text(seen, Network::regtest).find("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080") !=
        std::string::npos);
}

TEST_CASE("payout text: many are counted, long scripts cut") {
  PayoutSeen seen;
  for (std::uint8_t i = 0; i < 16; ++i)
    seen.payout.outputs.push_back({100, core::Bytes(1000, i)});
  seen.payout.others = 7;
  seen.payout.total = 2300;
  const std::string text = payout_text(seen, Network::mainnet);
  CHECK(text.ends_with(" and 19 others"));
  CHECK(text.size() < 700);
}

TEST_CASE("payout text: nobody, and what cannot be read") {
  PayoutSeen seen;
  CHECK(payout_text(seen, Network::mainnet) == "nobody");
  seen.unreadable = "cut short";
  CHECK(payout_text(seen, Network::mainnet) == "cannot be read: cut short");
}

TEST_CASE("payout text: the network is that of the user's address") {
  CHECK(network_of_user("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080.rig") == Network::regtest);
  CHECK(network_of_user("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx") == Network::testnet);
  CHECK(network_of_user("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4.a.b") == Network::mainnet);
  CHECK(network_of_user("alice.rig1") == Network::mainnet);
}

}  // namespace ebb::miner
