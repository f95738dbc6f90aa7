#pragma once
// `ebb mine`: devices, throttle and pool put together.

#include <chrono>
#include <vector>

#include "miner/console.h"
#include "miner/crew.h"
#include "miner/options.h"
#include "miner/summary_file.h"

namespace ebb::miner {

/// Mines until a signal, the time limit or a fatal error. Returns the exit code.
int run_mine(const MineOptions& options);

/// The same once the devices are open. When a device does not answer the stop within
/// `stop_patience` it does not return: the process ends here, with code 1.
int mine_on(std::vector<OpenedDevice> devices, const MineOptions& options, Console& console,
            SummaryFile& summary, std::chrono::nanoseconds stop_patience = Crew::kStopPatience);

}  // namespace ebb::miner
