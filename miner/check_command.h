#pragma once
// `ebb check`: what a configuration would do.

#include "miner/operator_options.h"

namespace ebb::miner {

/// A summary on stdout. Returns the exit code: 2 when something cannot be read or is wrong.
int run_check(const CheckOptions& options);

}  // namespace ebb::miner
