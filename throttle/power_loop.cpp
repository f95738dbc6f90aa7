#include "throttle/power_loop.h"

#include <algorithm>
#include <cmath>

namespace ebb::throttle {
namespace {

using Seconds = std::chrono::duration<double>;

// How fast it goes where the cap lies: slowly for what may be the meter's noise.
constexpr double kSlow = 10;
constexpr double kQuick = 4;
constexpr double kNoise = 0.08;  // of the cap
// Until something is known: the first step, small whatever the machine draws.
constexpr double kFirst = 0.02;
// Up by no more than this a second while nothing is known, however small the first readings are.
constexpr double kMostRise = 0.05;
// A higher cap is gone to at once, but for what the slope may be wrong.
constexpr double kEager = 0.9;
// Seconds of work that the slope is learnt from, and of readings that tell where the plant works.
constexpr double kMemory = 120;
constexpr double kRecent = 5;
// A slope counts when it stands out so far from what noise alone would make: its standard errors.
constexpr double kSignificance = 6;
constexpr double kLeastWeight = 5;
constexpr double kLeastVariance = 1e-4;  // of the fractions seen
constexpr double kRest = 0.01;
// Without a meter the model alone allows a little less.
constexpr double kBlindShare = 0.95;
constexpr std::chrono::seconds kPastKept{10};
constexpr double kLongestGap = 2;  // seconds that one reading may stand for

}  // namespace

void PowerLoop::set_cap(std::optional<double> watts) {
  if (watts == cap_) return;
  const std::optional<double> before = cap_;
  cap_ = watts;
  if (!watts) return;
  if (*watts <= 0) {
    allowed_ = 0;
  } else if (!before || *watts < *before) {
    allowed_ = std::min(allowed_, model_ ? fraction_at(*watts) : kFirst);
  } else if (model_ && !blind_) {
    // By no more than the caps differ: a cap that rises step by step must not gather noise.
    const double rise = std::min((*watts - *before) / span_watts(), fraction_at(*watts) - allowed_);
    allowed_ += kEager * std::max(rise, 0.0);
  }
}

double PowerLoop::update(SteadyTime now, double fraction,
                         const std::optional<PowerReading>& reading) {
  past_.push_back({now, fraction});
  while (past_.size() > 1 && past_.front().at < now - kPastKept)
    past_.pop_front();
  if (reading && (!last_ || reading->at > last_->at)) take(*reading);
  blind_ = !last_ || now - last_->at > kStale;
  if (!cap_) {
    allowed_ = fraction;  // a cap to come begins where the work is
  } else if (blind_) {
    allowed_ = std::min(allowed_, model_ ? kBlindShare * fraction_at(*cap_) : 0);
  }
  return allowed();
}

void PowerLoop::take(const PowerReading& reading) {
  const double fraction = mean_fraction(reading.at - reading.averaged_over, reading.at);
  double elapsed = Seconds(reading.averaged_over).count();
  if (last_ && last_->meter == reading.meter) {
    elapsed = Seconds(reading.at - last_->at).count();
  } else {  // another meter sees another part of the machine
    fit_ = {};
    model_.reset();
    fraction_ = fraction;
    watts_ = reading.watts;
  }
  elapsed = std::clamp(elapsed, 0.0, kLongestGap);
  last_ = reading;
  const double share = 1 - std::exp(-elapsed / kRecent);
  fraction_ += share * (fraction - fraction_);
  watts_ += share * (reading.watts - watts_);
  learn(fraction, reading.watts, elapsed);
  if (cap_) aim(fraction, reading.watts, elapsed);
}

void PowerLoop::aim(double fraction, double watts, double elapsed) {
  const double error = *cap_ - watts;
  const double time = std::abs(error) > kNoise * *cap_ ? kQuick : kSlow;
  const double target = fraction + error / span_watts();
  double step = (target - allowed_) * elapsed / time;
  if (!model_) step = std::min(step, kMostRise * elapsed);
  allowed_ = std::clamp(allowed_ + step, 0.0, 1.0);
}

double PowerLoop::mean_fraction(SteadyTime from, SteadyTime to) const {
  if (past_.empty()) return 0;
  if (to <= from) from = to - std::chrono::milliseconds(100);
  double sum = 0;
  SteadyTime end = std::min(to, past_.back().at);
  // Each entry is what was in force from the one before on.
  for (std::size_t i = past_.size(); i-- > 0 && end > from;) {
    const SteadyTime begin = i > 0 ? past_[i - 1].at : from;
    if (begin >= end) continue;
    const SteadyTime since = std::max(begin, from);
    sum += past_[i].fraction * Seconds(end - since).count();
    end = since;
  }
  const double covered = Seconds(std::min(to, past_.back().at) - from).count();
  return covered > 0 ? sum / covered : past_.back().fraction;
}

void PowerLoop::learn(double fraction, double watts, double elapsed) {
  if (model_ && fraction < kRest) return;
  const double kept = std::exp(-elapsed / kMemory);
  for (double* sum : {&fit_.weight, &fit_.f, &fit_.w, &fit_.ff, &fit_.fw, &fit_.ww})
    *sum *= kept;
  fit_.weight += 1;
  fit_.f += fraction;
  fit_.w += watts;
  fit_.ff += fraction * fraction;
  fit_.fw += fraction * watts;
  fit_.ww += watts * watts;
  // Of steady work no slope can be learnt: the last one stays.
  if (const auto model = fitted()) model_ = model;
}

std::optional<PowerLoop::Model> PowerLoop::fitted() const {
  const double n = fit_.weight;
  if (n < kLeastWeight) return std::nullopt;
  const double mean_f = fit_.f / n, mean_w = fit_.w / n;
  const double ff = fit_.ff - n * mean_f * mean_f;
  const double fw = fit_.fw - n * mean_f * mean_w;
  const double ww = fit_.ww - n * mean_w * mean_w;
  if (ff < n * kLeastVariance || fw <= 0) return std::nullopt;
  const double slope = fw / ff;
  const double variance_of_slope = std::max(ww - slope * fw, 0.0) / ((n - 2) * ff);
  if (slope * slope < kSignificance * kSignificance * variance_of_slope) return std::nullopt;
  return Model{std::max(mean_w - slope * mean_f, 0.0), mean_w + slope * (1 - mean_f)};
}

/// Watts between a fraction of zero and of one, by the model or, at worst, too many: the loop is
/// slower then.
double PowerLoop::span_watts() const {
  const double most = std::max(watts_, 1.0) / std::max(fraction_, kFirst);
  return model_ ? std::min(model_->full - model_->idle, most) : most;
}

double PowerLoop::fraction_at(double watts) const {
  return std::clamp(fraction_ + (watts - watts_) / span_watts(), 0.0, 1.0);
}

std::optional<double> PowerLoop::idle_watts() const {
  if (!model_) return std::nullopt;
  return model_->idle;
}

std::optional<double> PowerLoop::full_watts() const {
  if (!model_) return std::nullopt;
  return model_->full;
}

}  // namespace ebb::throttle
