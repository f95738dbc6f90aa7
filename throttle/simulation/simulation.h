#pragma once
// A timeline through the real policy, with faked clocks, at full speed.

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "throttle/schedule/schedule.h"
#include "throttle/simulation/timeline.h"
#include "throttle/throttle.h"

namespace ebb::throttle {

struct SimulationInput {
  PolicySettings settings;
  std::vector<ScheduleWindow> windows;
  std::vector<CalendarFile> calendars;
  Plant plant;
  std::uint64_t seed = 1;  ///< of the random returns
};

/// What is in force from a moment on.
struct SimulatedChange {
  WallTime at{};         ///< by a clock that never jumps
  bool running = true;   ///< false: the machine is off
  Decision decision;     ///< its times are the miner's clock's
  std::string happened;  ///< the timeline's part in it, "; " between several
};

struct Simulation {
  WallTime begin{}, end{};
  Plant plant;
  std::vector<SimulatedChange> changes;  ///< the first at `begin`
};

/// Decides every second while something moves, and where nothing does goes on to the next moment
/// at which something can. Zero is proved one second after it is asked for. The same input gives
/// the same result. The error names a schedule that cannot be read.
tl::expected<Simulation, std::string> simulate(const SimulationInput& input,
                                               const Timeline& timeline);

}  // namespace ebb::throttle
