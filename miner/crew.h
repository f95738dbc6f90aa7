#pragma once
// The workers of all devices: their threads, gates, duties and counters.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "miner/devices.h"
#include "miner/job_board.h"
#include "miner/worker.h"
#include "throttle/controller.h"

namespace ebb::miner {

/// One device as reports show it.
struct DeviceFigures {
  const core::DeviceInfo* info = nullptr;
  throttle::DeviceCounters work{};
  std::uint64_t hardware_errors = 0;
  std::uint64_t shares_left_out = 0;
  core::Duty duty{};
  DeviceHealth::State health{};
  bool scanning = false;     ///< it has not come back from its last scan
  bool released = false;     ///< it has given back its idle power
  bool left_behind = false;  ///< it did not answer, and is not used again
  std::chrono::steady_clock::time_point worked_until{};  ///< the last slice's end
};

/// Starts one thread a device. The io thread owns it and calls everything here.
class Crew {
 public:
  /// How long all devices together have to end their last scans.
  static constexpr std::chrono::nanoseconds kStopPatience = std::chrono::seconds(5);

  /// `deliver` is called on worker threads, never after stop().
  Crew(std::vector<OpenedDevice> devices, Worker::Deliver deliver);
  ~Crew();

  JobBoard& board() { return *board_; }

  /// The writing halves of the duties, once: they go to the controller.
  std::vector<core::DutyWriter> take_duty_writers();

  /// How many threads should be pinned and could not.
  unsigned start();

  /// Held, no worker gets work and every scan under way is called off; the pool's job is kept.
  void hold_work(bool held) { board_->hold(held); }

  /// Asks all workers to end; tend() sees them go.
  void end_workers();
  /// Where the worker has ended its device gives back its idle power, on a thread of its own, for
  /// that may block.
  void release_ended();
  /// A device whose worker has not ended, or that has not come back from release_ended(), is left
  /// behind, as by stop(). Its figures say so.
  void leave_hung_behind();
  /// Starts anew, as soon as it has ended, each worker that was ended. No counter starts over.
  void resume() { wanted_ = true; }
  /// Joins what has ended and starts what is to work. Never blocks; call several times a second
  /// once end_workers() was called.
  void tend();

  /// Asks all workers to stop and waits for them. The names of devices that do not answer within
  /// `patience`: their threads are left behind, and keep what they use, their device included,
  /// until they end. Whoever gets names should end the process without cleaning up.
  std::vector<std::string> stop(std::chrono::nanoseconds patience = kStopPatience);

  /// What each device is, in the order of the duties: those that work alike are of one kind.
  std::vector<std::string> kinds() const;

  std::vector<DeviceFigures> figures() const;
  std::uint64_t hashes() const;

 private:
  struct Member;

  /// False: the thread could not be pinned.
  bool start_worker(const std::shared_ptr<Member>& member);
  void leave_behind(Member& member);

  bool wanted_ = false;  ///< the workers are to run
  std::shared_ptr<JobBoard> board_ = std::make_shared<JobBoard>();
  std::vector<core::DutyWriter> duty_writers_;
  std::vector<std::shared_ptr<Member>> members_;
};

}  // namespace ebb::miner
