#pragma once
// `ebb bench`: the devices it measures.

#include "bench/throttle_bench_options.h"
#include "miner/options.h"

namespace ebb::miner {

/// Returns the exit code: run_hash_bench()'s, or 1 for a card that is not there.
int run_bench(const bench::HashBenchOptions& options);

/// Returns the exit code: 2 for a file that cannot be written, open_devices()'s for a device that
/// is not there, 1 when a limit was not obeyed at all.
int run_bench(const bench::ThrottleBenchOptions& options);

}  // namespace ebb::miner
