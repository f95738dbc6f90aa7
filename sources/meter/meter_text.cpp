#include "sources/meter/meter_text.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "throttle/cap.h"

namespace ebb::sources {

std::string watts_text(double watts) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.3g", std::abs(watts));
  const double rounded = std::strtod(digits, nullptr);
  return (watts < 0 && rounded > 0 ? "-" : "") + throttle::text(throttle::PowerCap{rounded});
}

std::string text(const MeterReading& reading) {
  std::string result;
  if (reading.watts) result = watts_text(*reading.watts);
  if (reading.hertz) {
    char hertz[32];
    std::snprintf(hertz, sizeof hertz, "%.3f Hz", *reading.hertz);
    result += (result.empty() ? "" : ", ") + std::string(hertz);
  }
  return result.empty() ? "neither watts nor hertz" : result;
}

}  // namespace ebb::sources
