#include "throttle/controller.h"

#include <algorithm>

namespace ebb::throttle {
namespace {

using Seconds = std::chrono::duration<double>;

// Until a device's speed is known it works at this duty: enough for a slice in the first period,
// too little to overshoot any cap by much.
constexpr double kProbeDuty = 0.05;

// A debt is paid over this long, and none larger than this much of the cap is kept: a cap is not an
// average over the day, and an idle minute must not buy a burst.
constexpr double kCorrectionSeconds = 0.5;
constexpr double kMaxOwedSeconds = 0.5;

// Speeds forget at this rate per tick with work, so they cover about a second. An average since the
// start would keep the first slow slices for good, and the loop would stay ahead of the cap by as
// much.
constexpr double kSpeedMemory = 0.9;

}  // namespace

Controller::Controller(Cap cap, std::vector<core::DutyWriter> duties)
    : cap_(cap), duties_(std::move(duties)), held_(duties_.size()) {
  set_all(first_duty());
}

void Controller::tick(Clock::time_point now, std::span<const DeviceCounters> devices,
                      bool working) {
  const auto* cap = std::get_if<HashrateCap>(&cap_);
  if (cap == nullptr || cap->hps <= 0) return;

  double hashed = 0;
  double full_rate = 0;  // hashes per second with every device busy all the time
  bool all_known = true;
  speeds_.resize(devices.size());
  for (std::size_t i = 0; i < devices.size(); ++i) {
    Speed& speed = speeds_[i];
    const auto hashes = static_cast<double>(devices[i].hashes - speed.last.hashes);
    const double busy_s = Seconds(devices[i].busy - speed.last.busy).count();
    speed.last = devices[i];
    hashed += hashes;
    if (busy_s > 0) {  // a device that rests keeps its speed
      speed.hashes = kSpeedMemory * speed.hashes + hashes;
      speed.busy_s = kSpeedMemory * speed.busy_s + busy_s;
    }
    if (held_[i]) continue;
    if (speed.busy_s > 0) full_rate += speed.hashes / speed.busy_s;
    all_known = all_known && speed.busy_s > 0;
  }
  owed_hashes_ -= hashed;
  if (was_working_ && working) owed_hashes_ += cap->hps * Seconds(now - last_).count();
  const double bound = cap->hps * kMaxOwedSeconds;
  owed_hashes_ = std::clamp(owed_hashes_, -bound, bound);
  was_working_ = working;
  last_ = now;

  if (!all_known || full_rate <= 0) return;
  const double wanted = cap->hps + owed_hashes_ / kCorrectionSeconds;
  set_all(core::Duty::from_fraction(wanted / full_rate));
}

void Controller::hold(std::size_t device, bool held) {
  if (held_[device] == held) return;
  held_[device] = held;
  duties_[device].store(held ? core::Duty{0} : first_duty());
}

core::Duty Controller::first_duty() const {
  if (const auto* duty = std::get_if<DutyCap>(&cap_)) {
    return core::Duty::from_fraction(duty->fraction);
  }
  return core::Duty::from_fraction(std::get<HashrateCap>(cap_).hps > 0 ? kProbeDuty : 0);
}

void Controller::set_all(core::Duty duty) {
  for (std::size_t i = 0; i < duties_.size(); ++i) {
    if (!held_[i]) duties_[i].store(duty);
  }
}

}  // namespace ebb::throttle
