#include "throttle/limit.h"

#include <algorithm>
#include <limits>

namespace ebb::throttle {
namespace {

void lower(std::optional<double>& value, const std::optional<double>& to) {
  if (to) value = value ? std::min(*value, *to) : *to;
}

constexpr double kNone = std::numeric_limits<double>::infinity();

}  // namespace

void Limit::lower_to(const Cap& cap) {
  if (const auto* duty = std::get_if<DutyCap>(&cap)) {
    fraction = std::min(fraction, duty->fraction);
  } else if (const auto* power = std::get_if<PowerCap>(&cap)) {
    lower(watts, power->watts);
  } else {
    lower(hps, std::get<HashrateCap>(cap).hps);
  }
}

void Limit::lower_to(const Limit& other) {
  fraction = std::min(fraction, other.fraction);
  lower(watts, other.watts);
  lower(hps, other.hps);
}

bool Limit::is_zero() const {
  return fraction <= 0 || (watts && *watts <= 0) || (hps && *hps <= 0);
}

bool Limit::is_full() const {
  return fraction >= 1 && !watts && !hps;
}

double Limit::fraction_of(const Plant& plant) const {
  if (is_zero()) return 0;
  double result = fraction;
  if (hps && plant.full_hps && *plant.full_hps > 0) {
    result = std::min(result, *hps / *plant.full_hps);
  }
  if (watts && plant.full_watts) {
    const double idle = plant.idle_watts.value_or(0);
    if (*plant.full_watts > idle) {
      result = std::min(result, (*watts - idle) / (*plant.full_watts - idle));
    }
  }
  return std::clamp(result, 0.0, 1.0);
}

bool Limit::is_above(const Limit& other) const {
  return fraction > other.fraction || watts.value_or(kNone) > other.watts.value_or(kNone) ||
         hps.value_or(kNone) > other.hps.value_or(kNone);
}

std::string text(const Limit& limit) {
  if (limit.is_zero()) return "0%";
  if (limit.is_full()) return "100%";
  std::string result;
  const auto add = [&](const Cap& cap) { result += (result.empty() ? "" : ", ") + text(cap); };
  if (limit.fraction < 1) add(DutyCap{limit.fraction});
  if (limit.watts) add(PowerCap{*limit.watts});
  if (limit.hps) add(HashrateCap{*limit.hps});
  return result;
}

}  // namespace ebb::throttle
