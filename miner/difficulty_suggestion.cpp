#include "miner/difficulty_suggestion.h"

#include <algorithm>
#include <cmath>

namespace ebb::miner {

std::optional<double> DifficultySuggestion::update(Clock::time_point now, double fraction) {
  if (!at_full_ || fraction <= 0) return std::nullopt;
  if (said_at_ && now - *said_at_ < kPeriod) return std::nullopt;
  const double wanted = *at_full_ * std::clamp(fraction, kLeast, 1.0);
  if (std::abs(wanted - *latest_) < kChange * *latest_) return std::nullopt;
  said_at_ = now;
  latest_ = wanted;
  return wanted;
}

}  // namespace ebb::miner
