#pragma once
// The workers of all devices: their threads, gates, duties and counters.

#include <cstdint>
#include <memory>
#include <optional>
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
  throttle::DeviceCounters work;
  std::uint64_t hardware_errors = 0;
  std::uint64_t device_failures = 0;
  std::uint64_t shares_left_out = 0;
  core::Duty duty;
};

/// Starts one thread a device. The io thread owns it and calls everything here.
class Crew {
 public:
  /// `deliver` is called on worker threads.
  Crew(std::vector<OpenedDevice> devices, Worker::Deliver deliver);
  ~Crew();

  JobBoard& board() { return board_; }

  /// The writing halves of the duties, once: they go to the controller.
  std::vector<core::DutyWriter> take_duty_writers();

  /// How many threads should be pinned and could not.
  unsigned start();

  /// Asks all workers to stop and waits for them, a slice at most.
  void stop();

  std::vector<DeviceFigures> figures() const;
  std::uint64_t hashes() const;

 private:
  struct Member {
    std::unique_ptr<core::Device> device;
    std::optional<unsigned> cpu;
    std::shared_ptr<core::Gate> gate;
    std::unique_ptr<WorkerCounters> counters;
    core::DutyReader duty;
    std::unique_ptr<Worker> worker;
  };

  JobBoard board_;
  std::vector<core::DutyWriter> duty_writers_;
  std::vector<Member> members_;
  std::vector<std::jthread> threads_;  ///< last: joined before what they use goes away
};

}  // namespace ebb::miner
