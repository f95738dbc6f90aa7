#pragma once
// Threads that hash for a while beside a measured clock, and what their slices add up to.
//
// A thread alternates 10 ms of its load with 0.3 ms of a chain of one-cycle additions. A slice is
// one stretch of load with the chains right before and after it, so clock and kernel see the same
// moments, frequency licences and neighbours:
//   clock           = additions / CPU time of the two chains
//   cycles per hash = CPU time of the load / its hashes * clock
// CPU time is the thread's own, so what other processes take does not count. The figures reported
// are medians over the slices of all threads and repeats: a slice that was disturbed has no weight.
// Rates are by elapsed time, that of the chains left out: a repeat's rate is the sum over its
// threads of hashes / time, and median, minimum and maximum are over repeats.

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bench/cycle_chain.h"
#include "bench/load.h"

namespace ebb::bench {

using Seconds = std::chrono::duration<double>;

struct Slice {
  std::uint64_t hashes = 0;
  Seconds elapsed{0};
  Seconds cpu{0};
  double clock_hz = 0;
};

/// One repeat: the slices of each thread.
using Pass = std::vector<std::vector<Slice>>;

/// Runs each load on a thread of its own, pinned to its place in `cpus`, all at once, for at least
/// one slice each.
Pass run_pass(std::span<const std::unique_ptr<Load>> loads, std::span<const unsigned> cpus,
              ChainFunction chain, Seconds duration);

struct Figures {
  Seconds seconds{0};  ///< elapsed while hashing, mean of the threads, all repeats together
  double hps_median = 0, hps_min = 0, hps_max = 0;
  double cycles_per_hash = 0;
  double clock_hz = 0;
};

/// Needs at least one pass of at least one slice a thread.
Figures summarize(std::span<const Pass> passes);

/// The middle value; of an even number of values the mean of the two. Needs one.
double median(std::vector<double> values);

std::uint64_t hashes_in(const Pass& pass);

}  // namespace ebb::bench
