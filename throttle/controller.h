#pragma once
// The one writer of every device's duty.

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "core/duty.h"
#include "throttle/cap.h"

namespace ebb::throttle {

/// What a device has done since it started; both only grow.
struct DeviceCounters {
  std::uint64_t hashes = 0;
  std::chrono::nanoseconds busy{0};  ///< time spent working, as the device itself measures it
};

/// Holds a cap. A duty cap is written as it stands; the workers' pacing makes it true. A hashrate
/// cap is a closed loop on measured hashes: the duty that the devices' own speed calls for, plus a
/// correction for what the past second owes or is owed. Pure: time and counters come in as
/// arguments. One thread.
class Controller {
 public:
  using Clock = std::chrono::steady_clock;

  /// How often to call tick().
  static constexpr std::chrono::milliseconds kPeriod{100};

  Controller(Cap cap, std::vector<core::DutyWriter> duties);

  /// `devices` in the order of the duties. `working`: there is a job; without one no time accrues,
  /// so that the devices do not catch up afterwards.
  void tick(Clock::time_point now, std::span<const DeviceCounters> devices, bool working);

  /// Keeps one device at zero, or lets it go on, at once. Under a hashrate cap the others take over
  /// what they can.
  void hold(std::size_t device, bool held);

 private:
  /// A device's speed when busy, from its latest second of work.
  struct Speed {
    DeviceCounters last;
    double hashes = 0, busy_s = 0;  ///< decaying sums
  };

  /// Until there is more to go by.
  core::Duty first_duty() const;
  void set_all(core::Duty duty);

  Cap cap_;
  std::vector<core::DutyWriter> duties_;
  std::vector<bool> held_;
  std::vector<Speed> speeds_;
  Clock::time_point last_{};
  bool was_working_ = false;
  double owed_hashes_ = 0;  ///< allowed by the cap and not hashed yet; negative when ahead
};

}  // namespace ebb::throttle
