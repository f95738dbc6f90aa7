#pragma once
// A [[meter]] that sees this machine alone, for the throttle to hold caps in watts by.

#include <memory>

#include "sources/meter.h"
#include "throttle/power/meter.h"

namespace ebb::sources {

/// Of a meter that counts against the flow, below zero, it reads nothing.
class ExternalMeter final : public throttle::PowerMeter {
 public:
  explicit ExternalMeter(std::shared_ptr<SharedMeter> meter) : meter_(std::move(meter)) {}

  throttle::MeterKind kind() const override { return throttle::MeterKind::external; }
  std::optional<throttle::PowerReading> read(throttle::SteadyTime now, double fraction) override;

 private:
  std::shared_ptr<SharedMeter> meter_;
};

}  // namespace ebb::sources
