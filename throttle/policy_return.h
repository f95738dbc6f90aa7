#pragma once
// The way back up: debounce, random return, ramp.

#include <chrono>
#include <optional>
#include <vector>

#include "throttle/policy_caps.h"

namespace ebb::throttle {

/// Begins an event where one is due, and draws its random return.
void begin_event(const PolicySettings& settings, const Standing& standing, PolicyState& state);

/// Lowers what is in force to the demand at once; raises it when its time has come.
void advance_return(const PolicySettings& settings, const Situation& situation,
                    const Moment& moment, const Standing& standing, bool override_active,
                    PolicyState& state);

/// What the way up is waiting for; nothing when it is not under way.
std::optional<Reason> reason_of_return(const PolicySettings& settings, const Plant& plant,
                                       const Moment& moment, bool override_active,
                                       const PolicyState& state);

/// The earliest time of full work, were all ends as known now.
std::optional<WallTime> earliest_return(const PolicySettings& settings, const Plant& plant,
                                        const Moment& moment, const Standing& standing,
                                        bool override_active, const PolicyState& state);

}  // namespace ebb::throttle
