#pragma once
// `ebb bench hash` on CUDA cards: every kernel that works there, each with its best block and
// batch.

#include <string>
#include <vector>

#include "bench/card_load.h"
#include "bench/hash_bench.h"
#include "bench/report.h"

namespace ebb::bench {

struct CardBench {
  std::vector<CardMeasurement> rows;
  std::vector<std::string> problems;  ///< a line for each kernel that failed while measured
};

/// One midstate is measured with the kernels for nonces, more with those for versions; all of them
/// take turns by repeats. Every card's kernels are compared with the oracle.
CardBench bench_card(const HashBenchOptions& options, CardUnderTest& card, const WallClock& clock);

}  // namespace ebb::bench
