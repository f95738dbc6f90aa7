#pragma once
// The miner's figures as people and programs read them. Pure text; no state.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "miner/card_monitor.h"
#include "miner/crew.h"
#include "miner/statistics.h"
#include "throttle/policy.h"
#include "throttle/power_reading.h"

namespace ebb::miner {

/// Everything there is to report at one moment.
struct Snapshot {
  std::chrono::duration<double> elapsed{0};
  double hashrate_10s = 0, hashrate_60s = 0, hashrate_15m = 0;  ///< hashes per second
  ShareStatistics shares;
  std::vector<PoolStatistics> pools;  ///< at least one
  std::vector<DeviceFigures> devices;
  std::map<std::string, CardFigures> cards;  ///< by device
  throttle::Decision throttle;
  std::optional<throttle::PowerReading> power;
};

/// One line for a terminal or a log.
std::string progress_line(const Snapshot& snapshot);

/// A line for each card that has figures, where the progress line has room for their sum only: of
/// two cards or more.
std::vector<std::string> card_lines(const Snapshot& snapshot);

/// One JSON object, without a line end: the --summary of `ebb mine`.
std::string summary_json(const Snapshot& snapshot);

}  // namespace ebb::miner
