#pragma once
// The control loop of one device: the only place where hashing is started, paced and stopped.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
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
#include "core/slice_length.h"
#include "core/work.h"
#include "miner/device_health.h"
#include "miner/job_board.h"

namespace ebb::miner {

/// One worker's figures: written by its thread alone, read by the io thread, all relaxed (each is
/// a sum that stands for itself). Alone on its cache lines, so that workers do not slow each other.
struct alignas(core::kCacheLine) WorkerCounters {
  std::atomic<std::uint64_t> hashes{0};
  std::atomic<std::uint64_t> busy_ns{0};
  std::atomic<std::uint64_t> hardware_errors{0};  ///< candidates that the scalar code refutes
  std::atomic<std::uint64_t> shares_left_out{0};  ///< found in one slice beyond the best few
  std::atomic<bool> scanning{false};              ///< the device has not come back yet
  std::atomic<bool> released{false};              ///< the device, and it has not scanned since
  /// The end of the last slice that counted hashes, by the steady clock. Written after them.
  std::atomic<std::chrono::steady_clock::time_point> worked_until{};
  alignas(core::kCacheLine) DeviceHealth health;  ///< locked, but not for a slice that went well
};

struct WorkerConfig {
  unsigned index = 0;  ///< 0 .. count - 1; the workers' units are disjoint by it
  unsigned count = 1;

  /// 0 .. 1: how much of a slice this worker waits for before it begins to be paced, so that no two
  /// devices, and no two rigs, pulse in step.
  double phase = 0;

  /// Parked for so long, the device gives back what costs power even when idle.
  std::chrono::nanoseconds release_after = std::chrono::seconds(60);

  /// A device that failed is put aside for so long, twice as long if it fails again, at most
  /// `longest_pause`; and after it went well for `trusted_after` that starts over.
  std::chrono::nanoseconds first_pause = std::chrono::seconds(1);
  std::chrono::nanoseconds longest_pause = std::chrono::seconds(60);
  std::chrono::nanoseconds trusted_after = std::chrono::seconds(60);
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

  /// Hashes until asked to stop. A stop, a new job and a changed duty end a slice early where the
  /// device can do so.
  void run(std::stop_token stop);

  /// Has the device give back its idle power. May block; from the thread that runs run(), or from
  /// any while none does.
  void release();

 private:
  using Clock = std::chrono::steady_clock;
  using Failure = std::optional<std::string>;  ///< why a device must be put aside

  /// How far a pool's work is done. It outlives a lost connection and the turns of other pools: the
  /// job may come back.
  struct Progress {
    std::optional<core::WorkSource> source;
    Clock::time_point began{};  ///< when the source's job came
    std::optional<core::WorkUnit> unit;
    std::uint64_t position = 0;  ///< nonces of the unit done
  };

  void park(const std::stop_token& stop);
  std::chrono::nanoseconds first_debt() const;
  void refresh_job();
  bool have_unit();
  Failure scan_slice(const std::stop_token& stop, core::Duty duty);
  Failure verify_candidates(const std::stop_token& stop, std::uint32_t found);
  void deliver(const std::stop_token& stop, std::vector<core::Share> shares);
  void quarantine(const std::stop_token& stop, std::string why);
  void leave_quarantine();

  WorkerConfig config_;
  core::Device& device_;
  const JobBoard& board_;
  core::DutyReader duty_;
  std::shared_ptr<core::Gate> gate_;
  WorkerCounters& counters_;
  Deliver deliver_;

  core::Pacer pacer_;
  core::Duty paced_duty_;  ///< in force since the pacer's last account
  std::chrono::nanoseconds unaccounted_busy_{0};
  JobBoard::Entry entry_;
  std::map<std::uint32_t, Progress> progress_;  ///< by pool
  Progress* work_ = nullptr;                    ///< of the job at hand
  core::SliceLength slice_;
  bool quarantined_ = false;
  std::chrono::nanoseconds pause_{0};               ///< of the last quarantine
  std::optional<Clock::time_point> working_since_;  ///< after a quarantine
  unsigned corrupt_in_a_row_ = 0;
  std::vector<core::Candidate> candidates_;
};

}  // namespace ebb::miner
