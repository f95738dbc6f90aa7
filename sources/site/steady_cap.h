#pragma once
// A cap in watts that stands still while nothing asks for another.

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "sources/site/headroom.h"
#include "throttle/signal.h"

namespace ebb::sources {

/// Down at once, up only by what was allowed for a while: each rise makes the policy wait anew
/// (debounce, random return, ramp), so a cap that follows every reading would never be reached.
/// Pure; one thread.
class SteadyCap {
 public:
  static constexpr std::chrono::seconds kCalm{10};

  /// `margin`: watts by which the bounds may miss the cap without moving it.
  explicit SteadyCap(double margin) : margin_(margin) {}

  /// `returning`: the policy is on its way up to the cap, which is not raised meanwhile.
  void update(throttle::SteadyTime now, WattRange allowed, bool returning);
  /// From 0 on; 0 before the first update.
  double watts() const { return watts_.value_or(0); }

 private:
  struct Allowed {
    throttle::SteadyTime at{};
    double least = 0;
  };
  double margin_;
  std::optional<double> watts_;
  std::deque<Allowed> lately_;  ///< oldest first, `least` growing: the front is the least of all
  std::optional<throttle::SteadyTime> since_;  ///< of the first update
};

/// Says 100 % where the cap is no limit to this machine, 0 % where nothing can be hashed below it,
/// else the watts, rounded down to three digits. `before`: what was said last.
throttle::Cap said_cap(double watts, const throttle::Plant& plant, const throttle::Cap& before);

}  // namespace ebb::sources
