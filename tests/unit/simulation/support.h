#pragma once
// Timelines as texts, and what to ask of their outcome.

#include <algorithm>
#include <string>
#include <string_view>

#include "tests/unit/catch.h"
#include "throttle/schedule/time_zone.h"
#include "throttle/simulation/simulation.h"

namespace ebb::throttle::testing {

constexpr std::string_view kZone = "Asia/Almaty";

inline WallTime at(std::string_view local) {
  const auto time = parse_time(local, kZone);
  INFO(local << ": " << (time ? "" : time.error()));
  REQUIRE(time);
  return *time;
}

inline Timeline timeline(std::string_view text) {
  auto parsed = parse_timeline(text);
  INFO((parsed ? "" : parsed.error()));
  REQUIRE(parsed);
  return *std::move(parsed);
}

inline Simulation run(const SimulationInput& input, const Timeline& steps) {
  auto result = simulate(input, steps);
  INFO((result ? "" : result.error()));
  REQUIRE(result);
  return *std::move(result);
}

/// In force at a time.
inline const SimulatedChange& change_at(const Simulation& simulation, WallTime time) {
  const auto after =
      std::upper_bound(simulation.changes.begin(), simulation.changes.end(), time,
                       [](WallTime t, const SimulatedChange& change) { return t < change.at; });
  REQUIRE(after != simulation.changes.begin());
  return *std::prev(after);
}

inline const Decision& decision_at(const Simulation& simulation, std::string_view local) {
  return change_at(simulation, at(local)).decision;
}

inline bool has_reason(const Decision& decision, std::string_view part) {
  return std::any_of(decision.reasons.begin(), decision.reasons.end(), [&](const Reason& reason) {
    return reason.text.find(part) != std::string::npos;
  });
}

/// Nothing is hashed from `from` until just before `until`.
inline bool zero_throughout(const Simulation& simulation, WallTime from, WallTime until) {
  if (!change_at(simulation, from).decision.limit.is_zero()) return false;
  return std::all_of(
      simulation.changes.begin(), simulation.changes.end(), [&](const SimulatedChange& change) {
        return change.at < from || change.at >= until || change.decision.limit.is_zero();
      });
}

/// From zero to full no faster than the ramp of 600 s, in a straight line.
inline void check_ramp(const Simulation& simulation, WallTime from) {
  double last = 0;
  WallTime last_at = from;
  for (const SimulatedChange& change : simulation.changes) {
    if (change.at < from || last >= 1) continue;
    const double rise = change.decision.limit.fraction - last;
    const double passed = std::chrono::duration<double>(change.at - last_at).count();
    CAPTURE(change.at - from);
    CHECK(rise >= 0);
    CHECK(rise <= passed / 600 + 1e-9);
    last = change.decision.limit.fraction;
    last_at = change.at;
  }
  CHECK(last == 1);
}

}  // namespace ebb::throttle::testing
