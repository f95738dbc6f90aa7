#pragma once
// Where the io thread leaves the current job and the workers find it.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/cache_line.h"
#include "core/duty.h"
#include "core/job.h"

namespace ebb::miner {

/// A mailbox of one: the latest job wins. Workers poll generation(), a relaxed load, before every
/// slice and take the job itself only when it changed.
class JobBoard {
 public:
  using Clock = std::chrono::steady_clock;

  struct Entry {
    core::JobPtr job;  ///< null: nothing to do
    std::uint64_t generation = 0;
    Clock::time_point published_at{};
  };

  /// Gates of the workers to wake on a change. Call before any worker starts.
  void add_gate(std::shared_ptr<core::Gate> gate) { gates_.push_back(std::move(gate)); }

  void publish(core::JobPtr job);
  void clear() { publish(nullptr); }

  /// Held, the board shows no job; the latest is kept and shown again afterwards. Wakes all
  /// workers, each time.
  void hold(bool held);

  Entry current() const;
  std::uint64_t generation() const { return generation_.load(std::memory_order_relaxed); }

 private:
  void wake_all();

  mutable std::mutex mutex_;
  Entry entry_;
  bool held_ = false;
  // Relaxed: a worker that sees the change late takes the job one slice later; the job itself is
  // handed over under the mutex. On a line of its own, for the mutex is locked by others.
  alignas(core::kCacheLine) std::atomic<std::uint64_t> generation_{0};
  std::vector<std::shared_ptr<core::Gate>> gates_;
};

}  // namespace ebb::miner
