#pragma once
// Whether a device is put aside, and why.

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace ebb::miner {

/// Told by the device's worker, read by the io thread. The worker locks it when its device fails
/// and when it is back, never for a slice that went well.
class DeviceHealth {
 public:
  struct State {
    std::uint64_t failures = 0;         ///< how often it was put aside
    bool quarantined = false;           ///< from a failure until a scan goes well
    std::string last_failure;           ///< one line, empty before the first
    std::chrono::nanoseconds pause{0};  ///< from the last failure to the next attempt
  };

  void failed(std::string why, std::chrono::nanoseconds pause);
  void recovered();
  State read() const;

 private:
  mutable std::mutex mutex_;
  State state_;
};

}  // namespace ebb::miner
