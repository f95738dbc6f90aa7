#pragma once
// Devices that hash a job of their own, without a pool, under the controller.

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "miner/crew.h"
#include "throttle/controller.h"
#include "throttle/limit.h"

namespace ebb::miner {

/// Starts parked. The controller ticks on a thread of the rig's own. From any thread.
class LocalRig {
 public:
  explicit LocalRig(std::vector<OpenedDevice> devices);
  ~LocalRig();
  LocalRig(const LocalRig&) = delete;
  LocalRig& operator=(const LocalRig&) = delete;

  void set_limit(const throttle::Limit& limit);
  std::vector<DeviceFigures> figures() const { return crew_.figures(); }
  std::vector<std::string> kinds() const { return crew_.kinds(); }

 private:
  void tick(const std::stop_token& stop);

  Crew crew_;
  std::mutex mutex_;  ///< of the controller
  std::condition_variable_any changed_;
  throttle::Controller controller_;
  bool parked_ = true;
  std::jthread ticking_;
};

}  // namespace ebb::miner
