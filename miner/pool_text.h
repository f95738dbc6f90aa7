#pragma once
// Pools as people and programs read them. Pure text; no state.

#include <boost/json/fwd.hpp>
#include <string_view>
#include <vector>

#include "miner/statistics.h"

namespace ebb::miner {

/// "idle", "connecting", "connected", "working", "mined".
std::string_view name_of(stratum::MemberState::Now state);

boost::json::object pool_json(const PoolStatistics& pool);
boost::json::array pools_json(const std::vector<PoolStatistics>& pools);

/// What was refused, by reason.
boost::json::object rejected_json(const ShareStatistics& shares);

}  // namespace ebb::miner
