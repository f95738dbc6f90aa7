#pragma once
// Which reasons to stay below full stand at a moment.

#include <chrono>
#include <string>
#include <vector>

#include "throttle/policy_state.h"

namespace ebb::throttle {

/// An evaluation's time.
struct Moment {
  WallTime wall{};
  WallTime begins{};  ///< signals that are valid from here on have begun
  bool believed = true;
  bool first = false;                   ///< of this process
  std::chrono::nanoseconds elapsed{0};  ///< since the last evaluation
  std::chrono::nanoseconds counted{0};  ///< of that, for waits and ramps
};

/// Looks at the clocks.
Moment advance_clock(const PolicySettings& settings, const Now& now, PolicyState& state);

struct Standing {
  std::vector<Reason> reasons;
  Limit demand;                   ///< the least of all that is not overridden
  Limit at_once;                  ///< the same, but economic caps come down on a ramp
  bool any = false;               ///< a reason that is not overridden
  bool others = false;            ///< one of them is not the operator's
  bool capped = false;            ///< one of them is a cap of zero, not the recovery from an outage
  bool permanent = false;         ///< one of them has no end that is known
  std::optional<WallTime> until;  ///< the latest end that is known
};

/// What stands, after dwell, ride-through, staleness and overrides have had their say.
Standing standing(const PolicySettings& settings, const Situation& situation, const Moment& moment,
                  bool override_active, PolicyState& state);

/// "120 of 300 s".
std::string so_far(std::chrono::nanoseconds waited, std::chrono::nanoseconds of);

}  // namespace ebb::throttle
