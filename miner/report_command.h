#pragma once
// `ebb report`: what the throttle did, event by event.

#include "miner/operator_options.h"

namespace ebb::miner {

/// The report on stdout. Returns the exit code: 1, and a line on stderr, when there is no ledger.
int run_report(const ReportOptions& options);

}  // namespace ebb::miner
