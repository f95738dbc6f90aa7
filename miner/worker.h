#pragma once
// The control loop of one device: the only place where hashing is started, paced and stopped.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/cache_line.h"
#include "core/device.h"
#include "core/duty.h"
#include "core/pacer.h"
#include "core/share.h"
#include "core/work.h"
#include "miner/job_board.h"

namespace ebb::miner {

/// One worker's figures: written by its thread alone, read by the io thread, all relaxed (each is
/// a sum that stands for itself). Alone on its cache lines, so that workers do not slow each other.
struct alignas(core::kCacheLine) WorkerCounters {
  std::atomic<std::uint64_t> hashes{0};
  std::atomic<std::uint64_t> busy_ns{0};
  std::atomic<std::uint64_t> hardware_errors{0};  ///< candidates that the scalar code refutes
  std::atomic<std::uint64_t> device_failures{0};  ///< slices that did not happen
  std::atomic<std::uint64_t> shares_left_out{0};  ///< found in one slice beyond the best few
};

struct WorkerConfig {
  unsigned index = 0;  ///< 0 .. count - 1; the workers' units are disjoint by it
  unsigned count = 1;
};

/// Alone on its cache lines, for it is written after every slice.
class alignas(core::kCacheLine) Worker {
 public:
  /// Hands over shares found in one slice, best first. False when the receiver is behind: the
  /// worker then waits and asks again, so that nothing piles up. Called on the worker's thread.
  using Deliver = std::function<bool(std::vector<core::Share>&)>;

  /// All references must outlive the worker.
  Worker(WorkerConfig config, core::Device& device, const JobBoard& board, core::DutyReader duty,
         std::shared_ptr<core::Gate> gate, WorkerCounters& counters, Deliver deliver);

  /// Hashes until asked to stop; returns within a slice of that.
  void run(std::stop_token stop);

 private:
  using Clock = std::chrono::steady_clock;

  void refresh_job();
  bool have_unit();
  bool scan_slice(const std::stop_token& stop, core::Duty duty);
  void verify_candidates(const std::stop_token& stop, std::uint32_t found);
  void adjust_slice(std::chrono::nanoseconds busy, core::Duty duty);
  void recover(const std::stop_token& stop);

  WorkerConfig config_;
  core::Device& device_;
  const JobBoard& board_;
  core::DutyReader duty_;
  std::shared_ptr<core::Gate> gate_;
  WorkerCounters& counters_;
  Deliver deliver_;

  core::Pacer pacer_;
  std::chrono::nanoseconds unaccounted_busy_{0};
  JobBoard::Entry entry_;
  std::optional<core::WorkSource> source_;  ///< outlives a lost connection: the job may come back
  std::optional<core::WorkUnit> unit_;
  std::uint64_t position_ = 0;  ///< nonces of the unit done
  std::uint64_t slice_nonces_;
  unsigned failures_in_a_row_ = 0;
  std::vector<core::Candidate> candidates_;
};

}  // namespace ebb::miner
