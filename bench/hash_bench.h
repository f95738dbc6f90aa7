#pragma once
// `ebb bench hash`: how fast each kernel is on this machine.

#include <span>
#include <string>
#include <vector>

#include "bench/card_load.h"
#include "bench/report.h"
#include "core/backend.h"
#include "core/cpu_topology.h"
#include "throttle/power/rapl.h"

namespace ebb::bench {

/// As many threads as would mine.
inline constexpr unsigned kAllThreads = 0;

struct HashBenchOptions {
  std::string devices = "cpu";
  bool retune = false;                                      ///< measure cards' tunings anew
  std::string backend;                                      ///< empty: every usable one
  std::vector<unsigned> threads{1};                         ///< kAllThreads: see there
  std::vector<unsigned> midstates{1, core::kMaxMidstates};  ///< powers of two
  Seconds duration{0.3};                                    ///< of each repeat
  unsigned repeats = 7;
  bool json = false;
  std::string plot;  ///< SVG file; empty: none
};

/// Times OpenSSL and every backend with every number of threads and midstates, taking turns by
/// repeats, so that the machine's moods hit all alike. Threads are pinned to CPUs of `topology` as
/// those that mine. `meter` may be null.
std::vector<Measurement> bench_hash(const HashBenchOptions& options,
                                    std::span<const core::HashBackend> backends,
                                    const core::CpuTopology& topology, throttle::Rapl* meter);

/// Measures the CPU with the backends usable here, if `with_cpu`, and the cards; prints tables or
/// JSON on stdout. Returns the exit code: 3 when a hash was wrong, 2 for a backend or a file that
/// this machine does not allow, 1 when a card failed.
int run_hash_bench(const HashBenchOptions& options, bool with_cpu, std::span<CardUnderTest> cards);

}  // namespace ebb::bench
