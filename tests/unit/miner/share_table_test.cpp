#include "miner/share_table.h"

#include "miner/config_file.h"
#include "tests/unit/catch.h"

namespace ebb::miner {

using stratum::PayoutRule;

namespace {

tl::expected<MineOptions, std::string> pool(const std::string& keys) {
  return parse_config("[[pool]]\nuser = 'me'\nurl = 'stratum+tcp://pool.example.org:3333'\n" + keys,
                      "ebb.toml");
}

std::string fault(const std::string& keys) {
  const auto options = pool(keys);
  CAPTURE(keys);
  REQUIRE_FALSE(options);
  return options.error();
}

const std::string kAddress = "payout_address = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'\n";
const core::Bytes kScript = *core::from_hex("0014751e76e8199196d454941c45d1b3a323f1433bd6");

}  // namespace

TEST_CASE("config: shares and payouts of a pool") {
  CHECK_FALSE(pool("")->pools.at(0).shares.submit_stale);
  CHECK_FALSE(pool("")->pools.at(0).shares.payout);
  CHECK(pool("submit_stale = true")->pools.at(0).shares.submit_stale);
  CHECK(pool(kAddress)->pools.at(0).shares.payout ==
        PayoutRule{kScript, 0, PayoutRule::Missing::warn});
  CHECK(pool(kAddress + "payout_share = '98%'\npayout_missing = 'leave'")
            ->pools.at(0)
            .shares.payout == PayoutRule{kScript, 0.98, PayoutRule::Missing::leave});
  CHECK(pool("payout_address = '0014751E76E8199196D454941C45D1B3A323F1433BD6'")
            ->pools.at(0)
            .shares.payout == PayoutRule{kScript, 0, PayoutRule::Missing::warn});
}

TEST_CASE("config: faults of shares and payouts") {
  CHECK(fault("submit_stale = 'yes'").find("submit_stale") != std::string::npos);
  CHECK(fault("payout_address = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5'")
            .find("payout_address") != std::string::npos);
  CHECK(fault("payout_address = ''").find("payout_address") != std::string::npos);
  CHECK(fault(kAddress + "payout_share = '101%'").find("payout_share") != std::string::npos);
  CHECK(fault(kAddress + "payout_missing = 'go'").find("\"warn\" or \"leave\"") !=
        std::string::npos);
  CHECK(fault("payout_share = '5%'").find("needs a payout_address") != std::string::npos);
  CHECK(fault("payout_missing = 'leave'").find("needs a payout_address") != std::string::npos);
}

TEST_CASE("config: the share log is beside the file") {
  const auto options = parse_config("[log]\nshares = 'shares.jsonl'", "conf/ebb.toml");
  REQUIRE(options);
  CHECK(options->share_log == "conf/shares.jsonl");
  CHECK_FALSE(parse_config("[log]\nshares = ''", "ebb.toml"));
  CHECK_FALSE(parse_config("[log]\nshare = 'a'", "ebb.toml"));
}

}  // namespace ebb::miner
