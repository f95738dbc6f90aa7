#include "stratum/server/vardiff.h"

#include <algorithm>
#include <cmath>

namespace ebb::stratum::server {
namespace {

/// To three decimal digits, which people read in logs; far finer than any estimate here.
double rounded(double value) {
  const double unit = std::pow(10.0, std::floor(std::log10(value)) - 2);
  return std::round(value / unit) * unit;
}

}  // namespace

Vardiff::Vardiff(VardiffConfig config, double start, TimePoint now)
    : config_(config), difficulty_(bounded(start)), window_start_(now) {}

bool Vardiff::retarget(TimePoint now) {
  const double expected =
      std::chrono::duration<double>(now - window_start_) / config_.target_interval;
  const bool silent = shares_ == 0 && expected >= kSilenceWindow;
  if (expected <= 0 || (std::max(expected, shares_) < kWindow && !silent)) return false;

  const double ratio = shares_ / expected;
  restart(now);
  if (ratio > 0.5 && ratio < 2) return false;

  const double before = difficulty_;
  difficulty_ = bounded(rounded(before * std::clamp(ratio, 1 / kMaxStep, kMaxStep)));
  return difficulty_ != before;
}

void Vardiff::suggest(double difficulty, TimePoint now) {
  difficulty_ = bounded(difficulty);
  restart(now);
}

void Vardiff::restart(TimePoint now) {
  shares_ = 0;
  window_start_ = now;
}

double Vardiff::bounded(double difficulty) const {
  return std::clamp(difficulty, config_.min_difficulty, config_.max_difficulty);
}

}  // namespace ebb::stratum::server
