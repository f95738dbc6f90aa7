#pragma once
// `ebb pool`: the small pool server alone.

#include "miner/options.h"

namespace ebb::miner {

/// Serves until a signal or the time limit. Prints "listening on host:port" on stdout first.
/// Returns the exit code.
int run_pool(const PoolOptions& options);

}  // namespace ebb::miner
