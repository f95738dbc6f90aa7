#include "throttle/controller.h"

#include <algorithm>
#include <numeric>

namespace ebb::throttle {
namespace {

using Seconds = std::chrono::duration<double>;

// A debt is paid over this long, and none larger than this much of what is wanted is kept: a cap is
// not an average over the day, and an idle minute must not buy a burst.
constexpr double kCorrectionSeconds = 0.5;
constexpr double kMaxOwedSeconds = 0.5;

// Speeds forget at this rate per tick with work, so they cover about a second. An average since the
// start would keep the first slow slices for good, and the loop would stay ahead of the cap by as
// much.
constexpr double kSpeedMemory = 0.9;

// Ticks at full duty after which the speeds of that second are full speeds.
constexpr unsigned kTicksToFull = 10;

// Then they follow within some five seconds of full work.
constexpr double kFullSpeedGain = 0.02;

// Before any speed is known, of all devices: enough for a slice in the first period, too little to
// overshoot a hashrate by much.
constexpr double kProbeDuty = 0.05;

// Devices change places for no smaller difference: which one pulses must not depend on noise.
constexpr double kEqualEfficiency = 1.05;

}  // namespace

Controller::Controller(const Limit& limit, std::vector<core::DutyWriter> duties,
                       const std::vector<std::string>& kinds)
    : order_(duties.size()) {
  for (std::size_t i = 0; i < duties.size(); ++i) {
    const auto first =
        kinds.empty() ? kinds.end() : std::find(kinds.begin(), kinds.end(), kinds[i]);
    const auto kind = kinds.empty() ? i : static_cast<std::size_t>(first - kinds.begin());
    devices_.push_back({.duty = std::move(duties[i]), .kind = kind});
  }
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  power_.set_cap(limit.watts);
  if (limit.watts) allowed_by_power_ = 0;
  limit_ = limit;
  write();
}

void Controller::set_limit(const Limit& limit) {
  if (limit == limit_) return;
  if (limit.watts != limit_.watts) {
    power_.set_cap(limit.watts);
    // Lower at once, and higher with the next look at the meter.
    allowed_by_power_ =
        limit.watts ? std::min({allowed_by_power_, fraction(), power_.allowed()}) : 1;
  }
  limit_ = limit;
  owed_hashes_ = 0;
  write();
}

void Controller::tick(Clock::time_point now, std::span<const DeviceCounters> counters, bool working,
                      const std::optional<PowerReading>& power) {
  double hashed = 0;
  bool all_full = true;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    hashed += static_cast<double>(counters[i].hashes - devices_[i].last.hashes);
    measure(devices_[i], counters[i]);
    all_full = all_full && (devices_[i].held || devices_[i].duty.load() == core::Duty{});
  }
  full_ticks_ = all_full && working ? full_ticks_ + 1 : 0;
  if (full_ticks_ >= kTicksToFull) remember_full_speeds();

  allowed_by_power_ = power_.update(now, working ? fraction() : 0, power);
  if (limit_.hps) {
    if (was_working_ && working) {
      owed_hashes_ += *limit_.hps * Seconds(now - last_).count() - hashed;
    }
    const double bound = *limit_.hps * kMaxOwedSeconds;
    owed_hashes_ = std::clamp(owed_hashes_, -bound, bound);
  }
  was_working_ = working;
  last_ = now;
  write();
}

void Controller::measure(Device& device, const DeviceCounters& counters) {
  const auto hashes = static_cast<double>(counters.hashes - device.last.hashes);
  const double busy_s = Seconds(counters.busy - device.last.busy).count();
  device.last = counters;
  if (busy_s <= 0) return;  // a device that rests keeps its speed
  device.hashes = kSpeedMemory * device.hashes + hashes;
  device.busy_s = kSpeedMemory * device.busy_s + busy_s;
}

/// A thread whose core's other thread rests is faster than it is at full work, so full speeds are
/// those of full work, if that was ever seen; and the mean of a long time, for a fraction must not
/// follow their noise.
void Controller::remember_full_speeds() {
  for (Device& device : devices_) {
    if (device.held || device.busy_s <= 0) continue;
    const double hps = device.hashes / device.busy_s;
    device.full_hps += (device.full_hps > 0 ? kFullSpeedGain : 1) * (hps - device.full_hps);
  }
}

double Controller::hps_of(const Device& device) const {
  return device.busy_s > 0 ? device.hashes / device.busy_s : device.full_hps;
}

double Controller::full_hps_of(const Device& device) const {
  double sum = 0, known = 0;
  for (const Device& other : devices_) {
    if (other.kind != device.kind) continue;
    const double hps = other.full_hps > 0 ? other.full_hps : hps_of(other);
    sum += hps;
    known += hps > 0 ? 1 : 0;
  }
  return known > 0 ? sum / known : 0;
}

double Controller::mean_full_hps() const {
  double known = 0, sum = 0;
  for (const Device& device : devices_) {
    const double hps = full_hps_of(device);
    sum += hps;
    known += hps > 0 ? 1 : 0;
  }
  return known > 0 ? sum / known : 0;
}

/// What has not worked yet is taken for the mean of the others; while nothing has, all are alike.
std::vector<Capacity> Controller::capacities(double (Controller::*hps)(const Device&) const) const {
  const double mean = mean_full_hps();
  std::vector<Capacity> all;
  for (const Device& device : devices_) {
    const double own = (this->*hps)(device);
    all.push_back({own > 0 ? own : (mean > 0 ? mean : 1), device.held});
  }
  return all;
}

std::vector<double> Controller::duties_by_fraction() const {
  const double fraction = std::min(limit_.fraction, allowed_by_power_);
  const auto full = capacities(&Controller::full_hps_of);
  double sum = 0;
  for (const Capacity& device : full)
    sum += device.hps;
  return allocate(fraction * sum, full, order_);
}

std::vector<double> Controller::duties_by_hashrate() const {
  if (mean_full_hps() <= 0) return std::vector<double>(devices_.size(), kProbeDuty);
  return allocate(*limit_.hps + owed_hashes_ / kCorrectionSeconds, capacities(&Controller::hps_of),
                  order_);
}

void Controller::write() {
  std::vector<double> duties(devices_.size());
  if (!limit_.is_zero()) {
    duties = duties_by_fraction();
    if (limit_.hps) {
      // Both fill the same devices in the same order, so the lesser of each is the lesser of both.
      const std::vector<double> others = duties_by_hashrate();
      for (std::size_t i = 0; i < duties.size(); ++i)
        duties[i] = std::min(duties[i], others[i]);
    }
  }
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    Device& device = devices_[i];
    device.duty.store(device.held ? core::Duty{0} : core::Duty::from_fraction(duties[i]));
  }
}

void Controller::hold(std::size_t device, bool held) {
  if (devices_[device].held == held) return;
  devices_[device].held = held;
  write();
}

void Controller::set_efficiency(std::size_t device, double hashes_per_joule) {
  devices_[device].efficiency = hashes_per_joule;
  const auto is_better = [this](std::size_t a, std::size_t b) {
    return devices_[a].efficiency > kEqualEfficiency * devices_[b].efficiency;
  };
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t i = 1; i < order_.size(); ++i) {
      if (!is_better(order_[i], order_[i - 1])) continue;
      std::swap(order_[i], order_[i - 1]);
      moved = true;
    }
  }
}

double Controller::fraction() const {
  const auto full = capacities(&Controller::full_hps_of);
  double done = 0, sum = 0;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    sum += full[i].hps;
    done += full[i].hps * devices_[i].duty.load().fraction();
  }
  return sum > 0 ? done / sum : 0;
}

Plant Controller::plant() const {
  Plant plant;
  if (const double mean = mean_full_hps(); mean > 0) {
    plant.full_hps = mean * static_cast<double>(devices_.size());
  }
  plant.idle_watts = power_.idle_watts();
  plant.full_watts = power_.full_watts();
  return plant;
}

}  // namespace ebb::throttle
