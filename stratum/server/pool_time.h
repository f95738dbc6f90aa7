#pragma once
// The time as the pool needs it: passed in everywhere, so that tests can make it up.

#include <chrono>
#include <cstdint>

namespace ebb::stratum::server {

struct PoolTime {
  std::chrono::steady_clock::time_point steady;  ///< for intervals
  std::uint32_t unix_s = 0;                      ///< for block headers
};

inline PoolTime read_clocks() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count();
  return {std::chrono::steady_clock::now(), static_cast<std::uint32_t>(seconds)};
}

}  // namespace ebb::stratum::server
