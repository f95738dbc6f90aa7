#pragma once
// The figures of `ebb bench throttle` as people and programs read them. Pure text; no state.

#include <string>
#include <vector>

#include "bench/throttle_bench.h"

namespace ebb::bench {

/// Over the trials, by nearest rank: p99 of 200 is the third largest.
struct Percentiles {
  double p50 = 0, p99 = 0, max = 0;
};

/// Needs one value.
Percentiles percentiles(std::vector<double> values);

/// What was measured, and by what.
struct BenchSubject {
  std::string version;               ///< of ebb
  std::vector<std::string> devices;  ///< "cpu0 (avx512)"
};

std::string throttle_table(const BenchSubject& subject, const ThrottleFigures& figures);

/// One JSON object, without a line end.
std::string throttle_json(const BenchSubject& subject, const ThrottleFigures& figures);

/// 0, or 1 when a trial did not end: work went on at zero, or was not back at full.
int exit_code_of(const ThrottleFigures& figures);

}  // namespace ebb::bench
