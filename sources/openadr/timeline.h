#pragma once
// When the intervals of an event are.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sources/openadr/openadr_objects.h"

namespace ebb::sources::openadr {

/// From `from` to `until`, which is kForever where there is no end.
struct Span {
  WallTime from{}, until{};
  bool empty() const { return from >= until; }
  friend bool operator==(const Span&, const Span&) = default;
};

/// An interval in time. What randomizeStart asks for is drawn, and then taken both ways.
struct Stretch {
  std::size_t interval = 0;  ///< index into the event's
  Span planned;
  std::chrono::milliseconds shift{0};  ///< drawn, either way

  Span widest() const;  ///< what restricts holds in all of it
  Span surely() const;  ///< what lifts a restriction only in this; may be empty
};

struct TimelineSettings {
  /// Who draws: different for each VEN, the same after a restart.
  std::string seed;
  /// For starts that say "now" where the event does not say when it was written.
  WallTime first_seen{};
};

/// The intervals of one pass, in their order, not repeated and not cut by event.duration. One that
/// has no duration, or none at a start of its own, lasts until the next that has a start of its
/// own, else for ever; at a start of the year 1 a duration of zero is how events are cancelled.
std::vector<Stretch> one_pass(const Event& event, const TimelineSettings& settings);

/// Those not over at `now`, at most `most`, repeated and cut by event.duration.
std::vector<Stretch> timeline(const Event& event, const TimelineSettings& settings, WallTime now,
                              std::size_t most);

/// As many parts of equal length as a payload has values; of what has no end, one. Some may be
/// empty.
std::vector<Stretch> divided(const Stretch& stretch, std::size_t parts);

}  // namespace ebb::sources::openadr
