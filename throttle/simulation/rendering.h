#pragma once
// A simulation for people and for programs.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "throttle/simulation/simulation.h"

namespace ebb::throttle {

struct SimulationSummary {
  std::chrono::milliseconds at_zero{0};  ///< while the machine was on
  std::chrono::milliseconds off{0};
  std::size_t events = 0;
  std::optional<double> energy_not_used_kwh;  ///< against full work while on; where watts are known
};
SimulationSummary summarise(const Simulation& simulation);

/// The changes worth a line: of a ramp the first and where it ends.
std::vector<const SimulatedChange*> rows(const Simulation& simulation);

/// A table: time in `zone` (empty: this machine's), state, cap, every reason, the earliest return;
/// then a line of summary.
std::string to_text(const Simulation& simulation, std::string_view zone);
std::string to_json(const Simulation& simulation);

/// Cap over time, a picture that stands alone: no scripts, nothing from elsewhere, light and dark.
std::string to_svg(const Simulation& simulation, std::string_view zone);
/// A page with the picture and the table.
std::string to_html(const Simulation& simulation, std::string_view zone);

/// "state" of a change: "off" while the machine is.
std::string_view state_name(const SimulatedChange& change);
/// What is in force, to a tenth of a percent; empty while the machine is off.
std::string cap_text(const SimulatedChange& change);
/// "schedule: mandatory 0%: KEGOC order, until 2022-02-01 00:00:00+06:00".
std::string reason_text(const Reason& reason, std::string_view zone);
/// "At zero 14 d, off 40 min, 1 event."
std::string summary_text(const Simulation& simulation);

}  // namespace ebb::throttle
