#include "miner/pool_text.h"

#include <boost/json.hpp>
#include <utility>

namespace ebb::miner {
namespace {

double in_ms(LatencyHistogram::Duration latency) {
  return std::chrono::duration<double, std::milli>(latency).count();
}

}  // namespace

std::string_view name_of(stratum::MemberState::Now state) {
  using Now = stratum::MemberState::Now;
  switch (state) {
    case Now::idle:
      return "idle";
    case Now::connecting:
      return "connecting";
    case Now::connected:
      return "connected";
    case Now::working:
      return "working";
    case Now::mined:
      return "mined";
  }
  return "";
}

boost::json::object rejected_json(const ShareStatistics& shares) {
  boost::json::object rejected;
  for (const stratum::RejectReason reason : stratum::kAllRejectReasons) {
    const auto count = shares.rejected[static_cast<std::size_t>(reason)];
    if (count > 0) rejected[stratum::name_of(reason)] = count;
  }
  return rejected;
}

boost::json::object pool_json(const PoolStatistics& pool) {
  const ShareStatistics& shares = pool.shares;
  boost::json::object object{{"url", pool.address},
                             {"state", name_of(pool.now)},
                             {"hashes", pool.hashes},
                             {"accepted", shares.accepted},
                             {"accepted_difficulty", shares.accepted_difficulty},
                             {"rejected", rejected_json(shares)},
                             {"stale", shares.stale},
                             {"withheld", shares.withheld},
                             {"not_sent", shares.not_sent},
                             {"unanswered", shares.unanswered},
                             {"difficulty", pool.difficulty},
                             {"jobs", pool.jobs},
                             {"connections", pool.connections},
                             {"bad_lines", pool.bad_lines},
                             {"payout", pool.payout}};
  if (shares.latency.count() > 0) {
    object["latency_ms"] = {{"p50", in_ms(shares.latency.quantile(0.5))},
                            {"p99", in_ms(shares.latency.quantile(0.99))}};
  }
  return object;
}

boost::json::array pools_json(const std::vector<PoolStatistics>& pools) {
  boost::json::array all;
  for (const PoolStatistics& pool : pools)
    all.push_back(pool_json(pool));
  return all;
}

}  // namespace ebb::miner
