#pragma once
// `ebb bench hash`: which devices it measures.

#include "miner/options.h"

namespace ebb::miner {

/// Returns the exit code: run_hash_bench()'s, or 1 for a card that is not there.
int run_bench(const bench::HashBenchOptions& options);

}  // namespace ebb::miner
