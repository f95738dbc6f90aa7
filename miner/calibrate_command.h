#pragma once
// `ebb calibrate`: what power this machine draws at which fraction of full work.

#include "miner/operator_options.h"

namespace ebb::miner {

/// Hashes a job of its own at 0, 25, 50 and 100 %, prints what the best real meter shows and keeps
/// it in the state folder. Returns the exit code: 1, and a line on stderr, when there is no meter.
int run_calibrate(const CalibrateOptions& options);

}  // namespace ebb::miner
