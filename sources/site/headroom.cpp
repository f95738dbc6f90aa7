#include "sources/site/headroom.h"

#include <algorithm>

namespace ebb::sources {
namespace {

// A power that was told so long ago says nothing of now (the throttle's own meters are younger).
constexpr std::chrono::seconds kFresh{5};
// Until the miner's own meter, which averages, shows a decision in full.
constexpr std::chrono::seconds kSettles{2};
constexpr std::size_t kMostPast = 1024;

/// Watts that a limit allows, as far as is known.
std::optional<double> allowed_watts(const throttle::Limit& limit, const throttle::Plant& plant) {
  std::optional<double> watts = limit.watts;
  if (plant.full_watts) {
    const double idle = plant.idle_watts.value_or(0);
    const double by_fraction = idle + limit.fraction * (*plant.full_watts - idle);
    watts = std::min(watts.value_or(by_fraction), by_fraction);
  }
  return watts;
}

}  // namespace

/// A decision shows at the site's meter before the miner's own, which averages, tells of it.
void Headroom::expect(const Telemetry& telemetry) {
  const throttle::Limit& limit = telemetry.decision.limit;
  if (limit_ == limit) return;
  const throttle::SteadyTime now = telemetry.now.steady;
  const auto before = limit_ ? allowed_watts(*limit_, telemetry.plant) : std::nullopt;
  const auto after = allowed_watts(limit, telemetry.plant);
  limit_ = limit;
  if (!before || !after || past_.empty()) return;
  const bool pending = expected_ && past_.back().at < expected_->at + kSettles;
  const double from = pending ? expected_->watts : past_.back().watts;
  expected_ = {now, std::max(from + *after - *before, 0.0)};
}

void Headroom::tell(const Telemetry& telemetry) {
  const throttle::SteadyTime now = telemetry.now.steady;
  expect(telemetry);
  if (!telemetry.power || now - telemetry.power->at > kFresh) {
    past_.clear();
    return;
  }
  const Own own{telemetry.power->at, telemetry.power->watts};
  if (past_.empty() || own.at > past_.back().at) past_.push_back(own);
  // The last that is older than any reading to come may be late still counts: it stood until then.
  while (past_.size() > kMostPast || (past_.size() > 1 && past_[1].at < now - delay_ - kFresh))
    past_.pop_front();
}

std::optional<WattRange> Headroom::at(const MeterReading& reading, double limit) const {
  if (past_.empty() || !reading.watts || reading.at - past_.back().at > kFresh) {
    return std::nullopt;
  }
  WattRange own{past_.back().watts, past_.back().watts};
  for (std::size_t i = past_.size() - 1; i-- > 0;) {
    if (past_[i + 1].at < reading.at - delay_) break;
    own.least = std::min(own.least, past_[i].watts);
    own.most = std::max(own.most, past_[i].watts);
  }
  if (expected_ && past_.back().at < expected_->at + kSettles) {
    own.least = std::min(own.least, expected_->watts);
    own.most = std::max(own.most, expected_->watts);
  }
  const double left = limit - *reading.watts;
  return WattRange{left + own.least, left + own.most};
}

std::optional<double> Headroom::own() const {
  return past_.empty() ? std::nullopt : std::optional(past_.back().watts);
}

}  // namespace ebb::sources
