#include "core/duty.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ebb::core {

Duty Duty::from_fraction(double fraction) {
  if (!(fraction > 0)) return Duty{0};
  return Duty{static_cast<std::uint32_t>(std::lround(std::min(fraction, 1.0) * kFullPpm))};
}

void Gate::wake() {
  {
    const std::lock_guard lock(mutex_);
    awake_ = true;
    if (observer_) observer_();
  }
  condition_.notify_all();
}

void Gate::on_wake(std::function<void()> observer) {
  const std::lock_guard lock(mutex_);
  observer_ = std::move(observer);
}

void Gate::wait_until(std::stop_token stop, Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  condition_.wait_until(lock, stop, deadline, [this] { return awake_; });
  awake_ = false;
}

void Gate::wait(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  condition_.wait(lock, stop, [this] { return awake_; });
  awake_ = false;
}

DutyWriter::DutyWriter(Duty initial, std::shared_ptr<Gate> gate)
    : cell_(std::make_shared<DutyReader::Cell>(initial, std::move(gate))) {}

void DutyWriter::store(Duty duty) {
  const std::uint32_t previous = cell_->ppm.exchange(duty.ppm, std::memory_order_relaxed);
  // A worker that paces itself looks again by itself; only one that is parked, or that sleeps long
  // at a low duty, needs the wake. A wake too many costs nothing.
  if (previous != duty.ppm) cell_->gate->wake();
}

}  // namespace ebb::core
