#include "throttle/temperature_limit.h"

namespace ebb::throttle {

bool TemperatureLimit::update(Clock::time_point now, std::optional<double> celsius) {
  if (celsius) {
    last_read_ = now;
    if (*celsius >= limit_) held_ = true;
    if (*celsius <= goes_on_at()) held_ = false;
  } else if (last_read_ && now - *last_read_ >= kBlindness) {
    held_ = true;
  }
  return held_;
}

}  // namespace ebb::throttle
