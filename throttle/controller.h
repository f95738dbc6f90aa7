#pragma once
// The one writer of every device's duty.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/duty.h"
#include "throttle/allocation.h"
#include "throttle/limit.h"
#include "throttle/power_loop.h"
#include "throttle/power_reading.h"

namespace ebb::throttle {

/// What a device has done since it started; both only grow.
struct DeviceCounters {
  std::uint64_t hashes = 0;
  std::chrono::nanoseconds busy{0};  ///< time spent working, as the device itself measures it
};

/// Holds a limit: whole devices first, the least efficient off first and the most efficient on
/// first, and one device paced for the remainder. A fraction is one of the devices' time, weighted
/// by their speeds at full work: the workers' pacing makes it true. A hashrate is a closed loop on
/// counted hashes, watts are what the power loop turns into a fraction; the lesser of all counts.
/// Pure: time, counters and readings come in as arguments. One thread.
class Controller {
 public:
  using Clock = std::chrono::steady_clock;

  /// How often to call tick().
  static constexpr std::chrono::milliseconds kPeriod{100};

  /// `kinds`: devices of one kind are taken to be equally fast at full work, whatever else the
  /// machine does meanwhile. Empty: each is its own kind.
  Controller(const Limit& limit, std::vector<core::DutyWriter> duties,
             const std::vector<std::string>& kinds = {});

  /// In force when it returns: zero writes zeros, full writes full duties.
  void set_limit(const Limit& limit);
  const Limit& limit() const { return limit_; }

  /// `devices` in the order of the duties. `working`: there is a job; without one no time accrues,
  /// so that the devices do not catch up afterwards. `power`: the meter's latest, if it has any.
  void tick(Clock::time_point now, std::span<const DeviceCounters> devices, bool working,
            const std::optional<PowerReading>& power);

  /// Keeps one device at zero, or lets it go on, at once. The others take over what they can.
  void hold(std::size_t device, bool held);

  /// Hashes per joule, as measured: the least efficient device goes off first. Devices of which
  /// nothing is known go off before those; among equals the last one does.
  void set_efficiency(std::size_t device, double hashes_per_joule);

  /// The fraction of full work that the duties written amount to.
  double fraction() const;

  /// What full work has been measured to be, as far as it is known.
  Plant plant() const;

 private:
  struct Device {
    core::DutyWriter duty;
    std::size_t kind = 0;
    bool held = false;
    double efficiency = 0;
    DeviceCounters last{};
    double hashes = 0, busy_s = 0;  ///< decaying sums of the latest second of work
    double full_hps = 0;            ///< its speed when all work; 0: never seen
  };

  void measure(Device& device, const DeviceCounters& counters);
  void remember_full_speeds();
  double hps_of(const Device& device) const;
  double full_hps_of(const Device& device) const;
  double mean_full_hps() const;
  std::vector<Capacity> capacities(double (Controller::*hps)(const Device&) const) const;
  std::vector<double> duties_by_fraction() const;
  std::vector<double> duties_by_hashrate() const;
  void write();

  Limit limit_;
  std::vector<Device> devices_;
  std::vector<std::size_t> order_;  ///< the last to go off first
  PowerLoop power_;
  double allowed_by_power_ = 1;
  Clock::time_point last_{};
  bool was_working_ = false;
  unsigned full_ticks_ = 0;  ///< in a row with every device at full duty
  double owed_hashes_ = 0;   ///< allowed and not hashed yet; negative when ahead
};

}  // namespace ebb::throttle
