#pragma once
// Hashes over time, from counters that only move when a slice ends.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ebb::bench {

using Instant = std::chrono::steady_clock::time_point;

/// What a device has done since it started.
struct DeviceWork {
  std::uint64_t hashes = 0;
  std::chrono::nanoseconds busy{0};  ///< as the device itself measures it
  Instant worked_until{};            ///< the end of the last slice that counted hashes
  std::string kind{};                ///< devices of one kind are equally fast, but for neighbours
};

/// A slice counts its hashes at its end. They are taken to be spread evenly over its busy time,
/// which ends there: so neither the pause before a slice nor the moment of the reading matters.
/// Several slices between two readings count as one. Pure.
class WorkCurve {
 public:
  /// The devices in the same order every time; readings in the order of their times.
  void add(std::span<const DeviceWork> devices);

  /// Of all devices, in (from, to].
  double hashes(Instant from, Instant to) const;

  /// The end of the last slice of any device that ended after `since`.
  std::optional<Instant> last_work(Instant since) const;

 private:
  struct Stretch {
    Instant begin, end;
    double hashes = 0;
  };
  struct Device {
    std::optional<DeviceWork> last;
    std::vector<Stretch> stretches;
  };
  std::vector<Device> devices_;
};

}  // namespace ebb::bench
