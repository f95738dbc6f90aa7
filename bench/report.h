#pragma once
// The bench's figures as people and programs read them. Pure text; no state.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "cuda/variant.h"

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

/// Hashes per second, over the repeats.
struct Rates {
  double median = 0, min = 0, max = 0;
};

/// One kernel on one CUDA card.
struct CardMeasurement {
  std::string device;  ///< "cuda:0"
  std::string card;    ///< "NVIDIA H100 80GB HBM3"
  cuda::Tuning tuning;
  unsigned midstates = 1;
  bool chosen = false;  ///< what the card mines with is of this variant
  Seconds seconds{0};   ///< elapsed while hashing, all repeats together
  Rates busy;           ///< by the card's own clock
  Rates wall;           ///< by elapsed time
  bool verified = false;
  std::optional<double> sm_hz;
  std::optional<double> bound_hps;
  std::optional<double>
      ratio_to_plain;  ///< of the rates by the card's clock; see compare_with_plain
  std::optional<double> joules_per_hash;

  std::optional<double> of_bound() const;  ///< 1 is perfect, less is slower
};

/// Fills ratio_to_plain, where the card's plain kernel for one midstate was measured: what a miner
/// is without any of the savings.
void compare_with_plain(std::span<CardMeasurement> all);

/// Fills ratio_to_openssl with the fastest reference of as many threads.
void compare_with_openssl(std::span<Measurement> all);

/// Fills per_thread, the same backend and midstates being measured with one thread.
void compare_with_one_thread(std::span<Measurement> all);

/// 0, or 3 when a hash was wrong.
int exit_code_of(std::span<const Measurement> all, std::span<const CardMeasurement> cards = {});

std::string bench_table(std::span<const Measurement> all);
std::string card_table(std::span<const CardMeasurement> all);

/// A JSON array, without a line end; what could not be measured is null. Rows of cards have a
/// "device".
std::string bench_json(std::span<const Measurement> all,
                       std::span<const CardMeasurement> cards = {});

}  // namespace ebb::bench
