#include "sources/site/shed_check.h"

#include <algorithm>
#include <cstdio>

#include "sources/meter/meter_text.h"

namespace ebb::sources {
namespace {

using std::chrono::milliseconds;

// Falls of less drown in what others do.
constexpr double kLeastWatts = 50, kLeastShare = 0.02;
constexpr double kMost = 0.5;  // "most of it"

/// What the miner will draw under the decision.
double expected_watts(const Telemetry& telemetry, double own, double fraction, double before) {
  const throttle::Plant& plant = telemetry.plant;
  const double idle = plant.idle_watts.value_or(0);
  double watts = before > 0 ? own * fraction / before : own;
  if (fraction <= 0) {
    watts = idle;
  } else if (plant.full_watts) {
    watts = idle + fraction * (*plant.full_watts - idle);
  }
  return std::min(watts, telemetry.decision.limit.watts.value_or(watts));
}

}  // namespace

void ShedCheck::tell(const Telemetry& telemetry) {
  const double fraction = telemetry.decision.limit.fraction_of(telemetry.plant);
  if (shed_ && fraction > shed_->fraction) {  // given back: there is nothing to see any more
    shed_.reset();
    trouble_.clear();
  }
  look_for_fall(telemetry, fraction);
  fraction_ = fraction;
}

void ShedCheck::look_for_fall(const Telemetry& telemetry, double fraction) {
  if (!fraction_ || fraction >= *fraction_ || !telemetry.power || !reading_) return;
  const bool goes_on = shed_ && !seen_;
  const double own = goes_on ? shed_->from : telemetry.power->watts;
  const double before = goes_on ? 1 : *fraction_;
  const double shed = own - expected_watts(telemetry, own, fraction, before);
  if (shed < std::max(kLeastWatts, kLeastShare * *reading_->watts)) return;
  const throttle::SteadyTime now = telemetry.now.steady;
  const auto within = std::max<milliseconds>(kWithin, delay_ + std::chrono::seconds(2));
  shed_ = Shed{.began = goes_on ? shed_->began : now,
               .from = own,
               .expected = shed,
               .site = goes_on ? shed_->site : *reading_->watts,
               .fraction = fraction,
               .due = now + within};
  seen_ = false;
}

void ShedCheck::read(const MeterReading& reading) {
  if (!reading.watts) return;
  reading_ = reading;
  if (shed_ && !seen_ && reading.at > shed_->began) judge(*reading.watts, reading.at);
}

void ShedCheck::judge(double watts, throttle::SteadyTime at) {
  const double fall = shed_->site - watts;
  const bool seen = fall >= kMost * shed_->expected;
  if (!seen && at < shed_->due) return;
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.1f s",
                std::chrono::duration<double>(at - shed_->began).count());
  last_ = "shed " + watts_text(shed_->expected) + ", the site fell by " +
          watts_text(std::max(fall, 0.0)) + " within " + seconds;
  seen_ = seen;
  trouble_ = seen ? "" : "the site did not fall by what was shed: is this its meter?";
}

}  // namespace ebb::sources
