#pragma once
// The meters of a run, from the configuration and what the machine has.

#include <cstddef>
#include <filesystem>
#include <vector>

#include "miner/cards.h"
#include "miner/devices.h"
#include "miner/site_meters.h"
#include "miner/throttle_options.h"
#include "throttle/power/meter.h"

namespace spdlog {
class logger;
}

namespace ebb::miner {

/// What draws the power that is to be metered.
struct PoweredBy {
  bool cpu = false;       ///< CPUs mine
  std::size_t cards = 0;  ///< that mine
};

PoweredBy powered_by(const std::vector<OpenedDevice>& devices);

/// All that there are, for the best to be read. `cards` must outlive the meter. A line in the log
/// says why a counter that would count cannot be read.
throttle::BestMeter open_meters(const PowerOptions& options, SiteMeters& site,
                                const std::filesystem::path& state_folder, PoweredBy powered,
                                const Cards& cards, spdlog::logger& log);

}  // namespace ebb::miner
