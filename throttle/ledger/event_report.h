#pragma once
// What the miner did in each event, for the grid operator's settlement.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "throttle/ledger/ledger.h"

namespace ebb::throttle {

struct Period {
  WallTime from{}, until{};
  std::string text;
};

struct PowerPoint {
  WallTime at{};
  double hps = 0, limit_fraction = 1;
  std::optional<double> watts;
};

struct EventReport {
  std::uint64_t event = 0;
  WallTime began{};
  std::optional<WallTime> ended;      ///< nothing: still under way at the end of the report
  std::vector<std::string> requests;  ///< what was asked for, by whom, when received
  Limit lowest;                       ///< the lowest limit in force
  std::optional<WallTime> requested, received, reached;  ///< of that lowest limit
  std::optional<std::chrono::milliseconds> time_to_zero;
  std::optional<double> baseline_watts, mean_watts, energy_not_used_kwh;
  std::string baseline_method;  ///< how, or why there is none
  std::string meter;
  bool estimated = false;
  unsigned restarts = 0;
  std::vector<Period> violations;  ///< "hashed at up to 12MH/s under a limit of 0%, for 3 s"
  std::vector<Period> gaps;        ///< "not running", which is zero power; "no samples"
  std::vector<PowerPoint> points;  ///< at most kMaxPoints, of which none is higher or lower
};

inline constexpr std::size_t kMaxPoints = 2000;
/// How far back a baseline looks for 10 days without events.
inline constexpr std::chrono::hours kBaselineReach{60 * 24};

/// Those that reach into [from, to). Pure. `entries`: in order, those of the events and those of
/// the days before them that a baseline needs (10 days outside events at the same hours: high 10 of
/// 10, stated in baseline_method).
std::vector<EventReport> report_events(std::span<const LedgerEntry> entries, WallTime from,
                                       WallTime to);

std::string to_csv(std::span<const EventReport> events);
std::string to_json(std::span<const EventReport> events);
/// One page without scripts or anything from elsewhere, with a plot (SVG) for each event. `zone`:
/// of its times.
std::string to_html(std::span<const EventReport> events, std::string_view zone);

}  // namespace ebb::throttle
