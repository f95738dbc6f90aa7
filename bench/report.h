#pragma once
// The bench's figures as people and programs read them. Pure text; no state.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/measure.h"

namespace ebb::bench {

/// One backend, thread count and midstate count.
struct Measurement {
  std::string backend;
  bool is_reference = false;  ///< OpenSSL: what others are compared with
  unsigned threads = 1;
  unsigned midstates = 1;
  Figures figures;
  bool verified = false;
  std::optional<double> bound_cycles;
  std::optional<double> ratio_to_openssl;  ///< of the median rates, same threads
  std::optional<double> per_thread;        ///< of one thread's median rate, if that was measured
  std::optional<double> joules_per_hash;

  std::optional<double> ratio_to_bound() const;  ///< 1 is perfect, more is slower
};

/// Fills ratio_to_openssl with the fastest reference of as many threads.
void compare_with_openssl(std::span<Measurement> all);

/// Fills per_thread, the same backend and midstates being measured with one thread.
void compare_with_one_thread(std::span<Measurement> all);

/// 0, or 3 when a hash was wrong.
int exit_code_of(std::span<const Measurement> all);

std::string bench_table(std::span<const Measurement> all);

/// A JSON array, without a line end; what could not be measured is null.
std::string bench_json(std::span<const Measurement> all);

}  // namespace ebb::bench
