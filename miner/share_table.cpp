#include "miner/share_table.h"

#include "stratum/node/address.h"
#include "throttle/cap.h"
#include "throttle/schedule/table_reader.h"

namespace ebb::miner {
namespace {

using stratum::PayoutRule;

tl::expected<core::Bytes, std::string> parse_script(std::string_view text) {
  if (auto script = core::from_hex(text); script && !script->empty()) return *std::move(script);
  return stratum::node::parse_payout_address(text).map(
      [](const stratum::node::Address& address) { return address.script; });
}

tl::expected<PayoutRule::Missing, std::string> parse_missing(std::string_view text) {
  if (text == "warn") return PayoutRule::Missing::warn;
  if (text == "leave") return PayoutRule::Missing::leave;
  return tl::unexpected(std::string("must be \"warn\" or \"leave\""));
}

}  // namespace

ShareOptions read_share_options(throttle::TableReader& table) {
  ShareOptions options;
  options.submit_stale = table.boolean("submit_stale").value_or(false);
  auto script = table.parsed("payout_address", parse_script);
  const auto share = table.parsed("payout_share", throttle::parse_duty);
  const auto missing = table.parsed("payout_missing", parse_missing);
  if (script) {
    options.payout = PayoutRule{*std::move(script), share ? share->fraction : 0,
                                missing.value_or(PayoutRule::Missing::warn)};
    return options;
  }
  for (const char* const key : {"payout_share", "payout_missing"}) {
    if (table.node("payout_address") == nullptr && table.node(key) != nullptr) {
      table.fail(key, "needs a payout_address");
    }
  }
  return options;
}

}  // namespace ebb::miner
