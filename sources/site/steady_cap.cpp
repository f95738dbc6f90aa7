#include "sources/site/steady_cap.h"

#include <algorithm>
#include <cmath>

namespace ebb::sources {
namespace {

constexpr double kRoom = 1.05;  // above full power, before a cap is no limit any more

double three_digits_down(double watts) {
  if (watts <= 0) return 0;
  const double unit = std::pow(10.0, std::floor(std::log10(watts)) - 2);
  return std::floor(watts / unit) * unit;
}

}  // namespace

void SteadyCap::update(throttle::SteadyTime now, WattRange allowed, bool returning) {
  if (!since_) since_ = now;
  while (!lately_.empty() && lately_.back().least >= allowed.least)
    lately_.pop_back();
  lately_.push_back({now, allowed.least});
  while (lately_.front().at < now - kCalm)
    lately_.pop_front();
  if (!watts_) {
    watts_ = std::max(allowed.least, 0.0);
  } else if (*watts_ > allowed.most + margin_) {
    watts_ = std::max(allowed.most, 0.0);
  } else if (!returning && now - *since_ >= kCalm && lately_.front().least > *watts_ + margin_) {
    watts_ = lately_.front().least;
  }
}

throttle::Cap said_cap(double watts, const throttle::Plant& plant, const throttle::Cap& before) {
  if (plant.full_watts) {
    const double room = throttle::is_full(before) ? 1 : kRoom;
    if (watts >= room * *plant.full_watts) return throttle::DutyCap{1};
  }
  const double rounded = three_digits_down(watts);
  if (rounded <= plant.idle_watts.value_or(0)) return throttle::DutyCap{0};
  return throttle::PowerCap{rounded};
}

}  // namespace ebb::sources
