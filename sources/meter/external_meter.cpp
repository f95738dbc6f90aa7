#include "sources/meter/external_meter.h"

#include <algorithm>

namespace ebb::sources {

std::optional<throttle::PowerReading> ExternalMeter::read(throttle::SteadyTime now, double) {
  constexpr std::chrono::milliseconds kFresh{5000};
  const auto reading = meter_->latest();
  if (!reading || !reading->watts || *reading->watts < 0) return std::nullopt;
  if (now - reading->at > std::max(kFresh, 3 * meter_->period())) return std::nullopt;
  return throttle::PowerReading{*reading->watts, reading->at, std::chrono::seconds(1),
                                std::string(throttle::name(kind())), false};
}

}  // namespace ebb::sources
