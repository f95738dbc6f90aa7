#pragma once
// A site with a miner that obeys, others that do not, and a meter that tells of both.

#include <cmath>
#include <deque>
#include <random>
#include <string>

#include "sources/site/site_rule.h"

namespace ebb::tests {

struct SitePlant {
  std::chrono::milliseconds meter_period{1000};
  std::chrono::milliseconds meter_delay{1000};
  double meter_average = 0;  ///< time constant in seconds
  double noise = 50;         ///< watts, either way
  double reach = 1;          ///< seconds in which the miner goes to 63 % of the way
  double own_scale = 1;      ///< of the miner's own meter
};

/// The miner draws 100 W at rest and 3 kW at full work; the policy has no waits.
class SimulatedSite {
 public:
  SimulatedSite(SitePlant plant, sources::SiteRule& rule) : plant_(plant), rule_(rule) {}

  double others = 0;  ///< watts; below zero: generated
  double order = 1;   ///< fraction that somebody else allows
  bool deaf = false;  ///< the miner obeys nobody, without knowing it
  throttle::State state = throttle::State::limited;

  double own = 100;  ///< watts
  throttle::Cap cap = throttle::DutyCap{0};
  std::string said = "nothing";  ///< `cap`, as a text
  double least = 0, most = 0;    ///< of `own` since begin_watch()
  int changes = 0;               ///< of what is said, since then

  throttle::SteadyTime now() const { return now_; }

  void begin_watch() {
    least = most = own;
    changes = 0;
  }

  void run(std::chrono::milliseconds time) {
    for (const auto end = now_ + time; now_ < end;)
      step();
  }

 private:
  static constexpr std::chrono::milliseconds kStep{100};
  static constexpr double kIdle = 100, kFull = 3000;

  void step() {
    now_ += kStep;
    if (order != told_order_) tell();  // at once after a change of the decision
    const double share = 1 - std::exp(-0.1 / plant_.reach);
    own_meter_ += share * (allowed_watts() - own_meter_);
    if (!deaf) own = own_meter_;
    least = std::min(least, own);
    most = std::max(most, own);
    const double average = plant_.meter_average > 0 ? 1 - std::exp(-0.1 / plant_.meter_average) : 1;
    averaged_ += average * (own + others - averaged_);
    shown_.push_back({now_ + plant_.meter_delay, averaged_});
    if (now_ - told_ >= std::chrono::seconds(1)) tell();
    if (now_ - read_ >= plant_.meter_period) read();
  }

  double allowed_watts() const {
    double watts = kIdle + order * (kFull - kIdle);
    if (const auto* power = std::get_if<throttle::PowerCap>(&cap)) {
      watts = std::min(watts, power->watts / plant_.own_scale);  // as its own meter shows it
    } else if (const auto* duty = std::get_if<throttle::DutyCap>(&cap)) {
      watts = std::min(watts, kIdle + duty->fraction * (kFull - kIdle));
    }
    return std::max(watts, kIdle);
  }

  void tell() {
    told_ = now_;
    told_order_ = order;
    sources::Telemetry telemetry;
    telemetry.now.steady = now_;
    telemetry.decision.state = state;
    telemetry.decision.limit.lower_to(throttle::Cap(throttle::DutyCap{order}));
    telemetry.decision.limit.lower_to(cap);
    telemetry.plant = {kFull * plant_.own_scale, kIdle * plant_.own_scale, {}};
    telemetry.fraction = telemetry.decision.limit.fraction_of(telemetry.plant);
    telemetry.power = {own_meter_ * plant_.own_scale, now_, {}, "own", false};
    rule_.tell(telemetry);
  }

  void read() {
    read_ = now_;
    while (shown_.size() > 1 && shown_[1].at <= now_)
      shown_.pop_front();
    const double noise = plant_.noise * std::uniform_real_distribution<double>(-1, 1)(random_);
    for (const sources::Update& update : rule_.read({shown_.front().watts + noise, 50.0, now_})) {
      const auto& signal = std::get<sources::SaidAll>(update).signals.at(0);
      const std::string text = throttle::text(signal.cap);
      const bool changed = text != said;
      if (changed) ++changes;
      said = text;
      cap = signal.cap;
      if (changed) tell();
    }
  }

  struct Shown {
    throttle::SteadyTime at{};
    double watts = 0;
  };
  SitePlant plant_;
  sources::SiteRule& rule_;
  std::mt19937 random_{12345};
  throttle::SteadyTime now_{std::chrono::seconds(1000)}, told_{}, read_{};
  std::deque<Shown> shown_;
  double told_order_ = 1;
  double averaged_ = 0;
  double own_meter_ = own;  ///< what the miner believes to draw
};

}  // namespace ebb::tests
