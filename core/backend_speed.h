#pragma once
// How fast each kernel is on this machine at this moment: which of two instruction sets wins
// depends on the CPU's model, its clock and its neighbours, so it is measured, not assumed.

#include <chrono>
#include <functional>
#include <span>
#include <vector>

#include "core/backend.h"

namespace ebb::core {

/// One thread's hashes per second.
struct BackendSpeed {
  double alone = 0;   ///< one midstate, for pools that refuse version rolling
  double shared = 0;  ///< kMaxMidstates share a message schedule
};

/// Time that passes while a kernel works; need not pass otherwise.
using SpeedClock = std::function<std::chrono::nanoseconds()>;

/// Times every backend for about 50 ms on the calling thread and returns their speeds in the same
/// order. Backends take turns of 2 ms, so that a neighbour's burst hits all alike, and each one's
/// best turn counts; one that another beats threefold has its first turn only. Hashes at full
/// speed whatever the duty: one thread, a fraction of a second, before there is work.
std::vector<BackendSpeed> measure_speeds(std::span<const HashBackend> backends,
                                         const SpeedClock& clock);

/// The same by the thread's own CPU time.
std::vector<BackendSpeed> measure_speeds(std::span<const HashBackend> backends);

/// Index of the fastest with shared schedules, the usual case; the first of equals. Needs one.
std::size_t fastest(std::span<const BackendSpeed> speeds);

}  // namespace ebb::core
