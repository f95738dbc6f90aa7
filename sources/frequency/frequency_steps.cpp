#include "sources/frequency/frequency_steps.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace ebb::sources {
namespace {

std::string hertz_text(double hertz) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g Hz", hertz);
  return text;
}

/// An end that moves with every sample would be news each time: by whole minutes it is not. Only a
/// restart needs it, for what ends is retracted.
throttle::WallTime latest_end(throttle::WallTime now, std::chrono::seconds hold) {
  return std::chrono::ceil<std::chrono::minutes>(now + hold) + std::chrono::minutes(1);
}

}  // namespace

FrequencySteps::FrequencySteps(FrequencySettings settings, throttle::Start how)
    : settings_(std::move(settings)), all_known_(how == throttle::Start::fresh) {
  permission_.id = "grid";
  permission_.cap = throttle::DutyCap{1};
  permission_.signal_class = settings_.signal_class;
  permission_.reason = settings_.observe ? "only observed" : "the frequency is good";
  for (const FrequencyStep& step : settings_.steps) {
    Held held;
    held.signal.id = "below " + hertz_text(step.below);
    held.signal.cap = step.cap;
    held.signal.signal_class = settings_.signal_class;
    held.signal.reason = "the grid is " + held.signal.id;
    held_.push_back(std::move(held));
  }
}

std::vector<Update> FrequencySteps::take(const throttle::Now& now, std::optional<double> hertz) {
  const bool good = hertz && *hertz >= kLeastHertz && *hertz <= kMostHertz;
  trouble_.clear();
  if (!hertz) trouble_ = "the meter tells no frequency";
  if (hertz && !good) trouble_ = "what the meter shows is no frequency of a grid";
  std::vector<Update> updates;
  if (permission_.valid_from == throttle::WallTime{}) permission_.valid_from = now.wall;
  if (good) sample(now, *hertz, updates);
  // A silent meter must not shed what is only observed.
  if (settings_.observe) return {SaidAll{{permission_}}};
  if (!good) return {};
  std::vector<throttle::Signal> signals = standing();
  if (all_known_) {
    if (signals.empty()) signals.push_back(permission_);
    return {SaidAll{std::move(signals)}};
  }
  for (throttle::Signal& signal : signals)
    updates.emplace_back(Said{std::move(signal)});
  updates.emplace_back(StillThere{});
  return updates;
}

void FrequencySteps::sample(const throttle::Now& now, double hertz, std::vector<Update>& ended) {
  std::chrono::seconds longest{0};
  for (std::size_t i = 0; i < held_.size(); ++i) {
    const FrequencyStep& step = settings_.steps[i];
    Held& held = held_[i];
    longest = std::max(longest, step.hold);
    if (hertz < step.below) {
      if (!held.until) {
        ++times_;
        held.signal.valid_from = now.wall;
      }
      held.until = now.steady + step.hold;
      held.signal.valid_until = latest_end(now.wall, step.hold);
    } else if (held.until && now.steady >= *held.until) {
      held.until.reset();
      ended.emplace_back(Retracted{held.signal.id});
    }
  }
  lowest_ = std::min(lowest_.value_or(hertz), hertz);
  if (!known_from_) known_from_ = now.steady + longest;
  all_known_ = all_known_ || now.steady >= *known_from_;
}

std::vector<throttle::Signal> FrequencySteps::standing() const {
  std::vector<throttle::Signal> signals;
  for (const Held& held : held_) {
    if (held.until) signals.push_back(held.signal);
  }
  return signals;
}

std::string FrequencySteps::last() const {
  if (!lowest_) return {};
  std::string text = "lowest " + hertz_text(*lowest_) + ", below a step " + std::to_string(times_) +
                     (times_ == 1 ? " time" : " times");
  for (const throttle::Signal& signal : standing()) {
    text += settings_.observe ? "; would cap at " : "; caps at ";
    text += throttle::text(signal.cap) + ", " + signal.id;
  }
  return text;
}

}  // namespace ebb::sources
