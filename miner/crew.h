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

  /// Asks all workers to stop and waits for them. The names of devices that do not answer within
  /// `patience`: their threads are left behind, and keep what they use, their device included,
  /// until they end. Whoever gets names should end the process without cleaning up.
  std::vector<std::string> stop(std::chrono::nanoseconds patience = kStopPatience);

  std::vector<DeviceFigures> figures() const;
  std::uint64_t hashes() const;

 private:
  struct Member;

  std::shared_ptr<JobBoard> board_ = std::make_shared<JobBoard>();
  std::vector<core::DutyWriter> duty_writers_;
  std::vector<std::shared_ptr<Member>> members_;
};

}  // namespace ebb::miner
