#pragma once
// `ebb mine`: devices, throttle and pool put together.

#include "miner/options.h"

namespace ebb::miner {

/// Mines until a signal, the time limit or a fatal error. Returns the exit code.
int run_mine(const MineOptions& options);

}  // namespace ebb::miner
