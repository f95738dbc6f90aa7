#include "throttle/power/energy_meter.h"

#include <utility>

namespace ebb::throttle {

EnergyMeter::EnergyMeter(MeterKind kind, std::string label, Joules joules)
    : kind_(kind), label_(std::move(label)), joules_(std::move(joules)) {}

std::optional<PowerReading> EnergyMeter::read(SteadyTime now, double) {
  if (counted_ && now - counted_at_ < kPeriod) return latest_;
  const auto joules = joules_();
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - counted_at_);
  latest_.reset();
  // A counter that went back has begun anew.
  if (joules && counted_ && *joules >= *counted_) {
    const double seconds = std::chrono::duration<double>(now - counted_at_).count();
    latest_ = {(*joules - *counted_) / seconds, now, elapsed, label_, false};
  }
  counted_ = joules;
  counted_at_ = now;
  return latest_;
}

}  // namespace ebb::throttle
