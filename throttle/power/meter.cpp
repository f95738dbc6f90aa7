#include "throttle/power/meter.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ebb::throttle {
namespace {

bool sees_a_part(MeterKind kind) {
  return kind == MeterKind::nvml || kind == MeterKind::rapl;
}

}  // namespace

std::string_view name(MeterKind kind) {
  constexpr std::array<std::string_view, 5> kNames{"external meter", "NVML", "RAPL",
                                                   "calibrated model", "nameplate"};
  return kNames.at(static_cast<std::size_t>(kind));
}

void BestMeter::add(std::unique_ptr<PowerMeter> meter) {
  auto& meters = sees_a_part(meter->kind()) ? parts_ : whole_;
  const auto place = std::find_if(meters.begin(), meters.end(),
                                  [&](const auto& other) { return other->kind() > meter->kind(); });
  meters.insert(place, std::move(meter));
}

std::optional<PowerReading> BestMeter::read(SteadyTime now, double fraction) {
  bool parts_are_due = true;
  for (const auto& meter : whole_) {
    if (parts_are_due && meter->kind() > MeterKind::rapl) {
      if (auto sum = read_parts(now, fraction)) return sum;
      parts_are_due = false;
    }
    if (auto reading = meter->read(now, fraction)) return reading;
  }
  return parts_are_due ? read_parts(now, fraction) : std::nullopt;
}

std::optional<PowerReading> BestMeter::read_parts(SteadyTime now, double fraction) {
  std::optional<PowerReading> sum;
  bool complete = true;
  for (const auto& meter : parts_) {
    const auto reading = meter->read(now, fraction);
    complete = complete && reading;
    if (!complete) continue;  // the others still want to be read
    if (!sum) {
      sum = reading;
      continue;
    }
    sum->watts += reading->watts;
    sum->at = std::max(sum->at, reading->at);
    sum->averaged_over = std::max(sum->averaged_over, reading->averaged_over);
    sum->meter += " + " + reading->meter;
  }
  return complete ? sum : std::nullopt;
}

}  // namespace ebb::throttle
