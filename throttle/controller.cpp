#include "throttle/controller.h"

#include <algorithm>
#include <numeric>

namespace ebb::throttle {
namespace {

using Seconds = std::chrono::duration<double>;

// Until a device's speed is known it works at this duty: enough for a slice in the first period,
// too little to overshoot any cap by much.
constexpr double kProbeDuty = 0.05;

// A debt is paid over this long, and none larger than this much of the cap is kept: a cap is not
// average-over-the-day, and an idle minute must not buy a burst.
constexpr double kCorrectionSeconds = 1.0;
constexpr double kMaxOwedSeconds = 0.5;

}  // namespace

Controller::Controller(Cap cap, std::vector<core::DutyWriter> duties)
    : cap_(cap), duties_(std::move(duties)) {
  if (const auto* duty = std::get_if<DutyCap>(&cap_)) {
    set_all(core::Duty::from_fraction(duty->fraction));
  } else {
    set_all(core::Duty::from_fraction(std::get<HashrateCap>(cap_).hps > 0 ? kProbeDuty : 0));
  }
}

void Controller::tick(Clock::time_point now, std::span<const DeviceCounters> devices,
                      bool working) {
  const auto* cap = std::get_if<HashrateCap>(&cap_);
  if (cap == nullptr || cap->hps <= 0) return;

  std::uint64_t hashes = 0;
  double full_rate = 0;  // hashes per second with every device busy all the time
  bool all_known = true;
  for (const DeviceCounters& device : devices) {
    hashes += device.hashes;
    const double busy = Seconds(device.busy).count();
    if (busy > 0) full_rate += static_cast<double>(device.hashes) / busy;
    all_known = all_known && busy > 0;
  }
  if (started_ && working) {
    owed_hashes_ += cap->hps * Seconds(now - last_).count();
    owed_hashes_ -= static_cast<double>(hashes - last_hashes_);
    const double bound = cap->hps * kMaxOwedSeconds;
    owed_hashes_ = std::clamp(owed_hashes_, -bound, bound);
  }
  started_ = working;
  last_ = now;
  last_hashes_ = hashes;

  if (!all_known || full_rate <= 0) return;
  const double wanted = cap->hps + owed_hashes_ / kCorrectionSeconds;
  set_all(core::Duty::from_fraction(wanted / full_rate));
}

void Controller::set_all(core::Duty duty) {
  for (core::DutyWriter& writer : duties_)
    writer.store(duty);
}

}  // namespace ebb::throttle
