#pragma once
// A throttle in faked time.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/catch.h"
#include "throttle/throttle.h"

namespace ebb::throttle {

using namespace std::chrono_literals;

/// Decides once a second while time runs. Zero is proved at the second decision of it.
class Site {
 public:
  explicit Site(PolicySettings settings = plain(), Plant plant = {},
                WallTime wall = WallTime(1'000'000s))
      : now{SteadyTime(1000s), wall, true},
        settings_(std::move(settings)),
        plant_(plant),
        throttle_(Throttle::start(settings_, Start::fresh, {}, 5).value()) {
    decide();
  }

  /// No feeds; round numbers.
  static PolicySettings plain() {
    PolicySettings settings;
    settings.ramp_up = 100s;
    settings.random_return = 0s;
    settings.debounce = 5s;
    settings.economic_ramp_down = 0s;
    return settings;
  }

  const Decision& decide() {
    const Decision& decision = throttle_.decide(now, zero_, plant_);
    zero_ = decision.limit.is_zero() ? Zero::proved : Zero::not_asked;
    return decision;
  }
  const Decision& run(std::chrono::seconds duration) {
    for (auto i = 0s; i < duration; i += 1s) {
      pass(1s);
      decide();
    }
    return throttle_.decision();
  }
  void pass(std::chrono::milliseconds duration) {
    now.steady += duration;
    now.wall += duration;
  }
  /// Runs until the limit is above `before`; for how long.
  std::chrono::seconds run_until_rise(std::chrono::seconds at_most = 2h) {
    const Limit before = throttle_.decision().limit;
    for (auto i = 1s; i <= at_most; i += 1s) {
      if (run(1s).limit.is_above(before)) return i;
    }
    FAIL("no rise");
    return {};
  }

  Signal signal(std::string source, Cap cap, SignalClass signal_class,
                std::optional<std::chrono::seconds> lasts = std::nullopt) const {
    Signal it;
    it.source = std::move(source);
    it.id = "1";
    it.cap = cap;
    it.signal_class = signal_class;
    it.valid_from = now.wall;
    if (lasts) it.valid_until = now.wall + *lasts;
    it.received_at = now.wall;
    return it;
  }
  const Decision& send(const Signal& it) {
    REQUIRE(throttle_.accept(now, it));
    return decide();
  }
  const Decision& send(std::string source, Cap cap, SignalClass signal_class,
                       std::optional<std::chrono::seconds> lasts = std::nullopt) {
    return send(signal(std::move(source), cap, signal_class, lasts));
  }
  const Decision& retract(std::string_view source, std::string_view id = "1") {
    CHECK(throttle_.retract(now, source, id, 0));
    return decide();
  }
  const Decision& hear(std::string_view source) {
    throttle_.heard(now, source);
    return decide();
  }
  const Decision& force(std::chrono::seconds lasts) {
    throttle_.set_override(Override{now.wall + lasts, "test"});
    return decide();
  }

  const Decision& restart(Start how, std::chrono::seconds off = 0s) {
    const std::string saved = throttle_.save();
    pass(off);
    if (how == Start::outage) now.steady = SteadyTime(3s);
    throttle_ = Throttle::start(settings_, how, saved, 6).value();
    return decide();
  }

  const Decision& decision() const { return throttle_.decision(); }
  double fraction() const { return decision().limit.fraction; }
  Throttle& throttle() { return throttle_; }

  Now now;

 private:
  PolicySettings settings_;
  Plant plant_;
  Throttle throttle_;
  Zero zero_ = Zero::not_asked;
};

/// Whether a reason's text holds these words.
inline bool says(const Decision& decision, std::string_view words) {
  for (const Reason& reason : decision.reasons) {
    if (reason.text.find(words) != std::string::npos) return true;
  }
  return false;
}

}  // namespace ebb::throttle
