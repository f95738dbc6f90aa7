#pragma once
// `ebb simulate`: what the throttle would do about a timeline.

#include "miner/operator_options.h"

namespace ebb::miner {

/// The table or JSON on stdout, the picture in a file. Returns the exit code: 2 when a file cannot
/// be read or is wrong, 1 when the picture cannot be written.
int run_simulate(const SimulateOptions& options);

}  // namespace ebb::miner
