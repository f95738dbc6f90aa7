#include "sources/site/headroom.h"

#include <algorithm>

namespace ebb::sources {
namespace {

// A power that was told so long ago says nothing of now (the throttle's own meters are younger).
constexpr std::chrono::seconds kFresh{5};
// Until the miner's own meter, which averages, shows a decision in full.
constexpr std::chrono::seconds kSettles{2};
constexpr std::size_t kMostPast = 1024;

}  // namespace

void Headroom::tell(const Telemetry& telemetry) {
  const throttle::SteadyTime now = telemetry.now.steady;
  const throttle::Plant& plant = telemetry.plant;
  span_watts_ = plant.full_watts ? *plant.full_watts - plant.idle_watts.value_or(0) : 0;
  allowed_.push_back({now, telemetry.fraction});
  while (allowed_.size() > kMostPast || (allowed_.size() > 1 && allowed_[1].at < now - kSettles))
    allowed_.pop_front();
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
  widen_by_decisions(own);
  const double left = limit - *reading.watts;
  return WattRange{left + own.least, left + own.most};
}

/// What was allowed just now shows at the site's meter before the miner's own, which averages, has
/// told of it.
void Headroom::widen_by_decisions(WattRange& own) const {
  for (const Allowed& before : allowed_) {
    const double change = span_watts_ * (allowed_.back().fraction - before.fraction);
    const double expected = std::max(past_.back().watts + change, 0.0);
    own.least = std::min(own.least, expected);
    own.most = std::max(own.most, expected);
  }
}

}  // namespace ebb::sources
