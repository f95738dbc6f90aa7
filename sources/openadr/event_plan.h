#pragma once
// From events to signals.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sources/openadr/payload_caps.h"
#include "sources/openadr/timeline.h"
#include "throttle/signal.h"

namespace ebb::sources::openadr {

inline constexpr std::size_t kMaxSignals = 1000;  ///< the next ones; below SignalBook's most

struct PlanSettings {
  CapSettings caps;
  throttle::SignalClass signal_class = throttle::SignalClass::mandatory;
  std::string seed;                    ///< TimelineSettings
  std::optional<double> subscription;  ///< watts of the site, where no event says more
};

/// What is known of the site.
struct Site {
  double other_watts = 0;                                ///< that the site draws beside the miner
  std::optional<double> full_watts;                      ///< of the miner
  std::map<std::string, double, std::less<>> baselines;  ///< watts before an event, by its id
  /// After an outage of the grid: limits that were read before it no longer count.
  bool limits_void = false;
};

struct Plan {
  std::vector<throttle::Signal> signals;  ///< by time; none that permits all
  std::vector<std::string> unclear;       ///< what cannot be acted on, each once
  std::vector<std::string> notices;       ///< what people are to be told, each once
  std::string now;                        ///< what holds now, in the events' words
  bool uses_site = false;                 ///< the site's capacity limits something
};

/// When an event was first seen, by its id.
using FirstSeen = std::map<std::string, WallTime, std::less<>>;

/// Pure. Events of programs that are not among `programs` count as well; descriptors of a program
/// stand in for those that an event does not have.
Plan make_plan(const PlanSettings& settings, std::span<const Program> programs,
               std::span<const Event> events, const FirstSeen& first_seen, const Site& site,
               WallTime now);

}  // namespace ebb::sources::openadr
