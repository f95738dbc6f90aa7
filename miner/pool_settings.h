#pragma once
// The pools of a run, as configured.

#include <filesystem>
#include <optional>
#include <string>

#include "miner/share_table.h"
#include "miner/transport_table.h"
#include "stratum/pool_url.h"

namespace ebb::miner {

inline constexpr std::size_t kMaxPools = 16;

struct PoolSettings {
  stratum::PoolUrl url{};
  std::string user{};  ///< at a node: the address to be paid
  std::string password{};
  std::filesystem::path password_file{};  ///< that it was read from; empty: none
  std::filesystem::path cookie_file{};    ///< of a node; empty: none
  double weight = 1;                      ///< of the quota strategy
  TransportOptions transport{};
  ShareOptions shares{};
  std::optional<double> suggest_difficulty{};
};

}  // namespace ebb::miner
