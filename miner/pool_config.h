#pragma once
// The [[pool]] tables of a configuration and its [pools].

#include <filesystem>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "miner/pool_settings.h"
#include "stratum/pool_choice.h"

namespace ebb::throttle {
class TableReader;
}

namespace ebb::miner {

/// "failover", "quota" or "rotate".
tl::expected<stratum::PoolStrategy::Kind, std::string> parse_strategy(std::string_view text);

/// strategy, rotate_every. Faults go to the table.
stratum::PoolStrategy read_strategy(throttle::TableReader& table);

/// Faults go to the table. Reads no file; `config` is the configuration, of relative paths and of
/// passwords in clear.
PoolSettings read_pool(throttle::TableReader& table, const std::filesystem::path& config,
                       stratum::PoolStrategy::Kind strategy);

/// Reads pools' passwords and their proxies', and looks at their CA files: of a run that mines at
/// them. `config` is where they were configured. The error is one line, without secrets.
tl::expected<void, std::string> open_pools(std::vector<PoolSettings>& pools,
                                           const std::filesystem::path& config);

}  // namespace ebb::miner
