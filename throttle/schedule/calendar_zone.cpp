#include "throttle/schedule/calendar_zone.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace ebb::throttle {

CalendarZone::CalendarZone(std::vector<ClockChange> changes)
    : rules_(std::make_shared<const std::vector<ClockChange>>(std::move(changes))) {}

WallTime CalendarZone::moment(std::chrono::local_seconds local) const {
  if (const auto* zone = std::get_if<TimeZone>(&rules_)) return zone->moment(local);
  // The first moment at which clocks show this time or a later one: that is the change where they
  // skip it, and the first of two where they repeat it.
  const auto& changes = *std::get<1>(rules_);
  for (std::size_t i = 0; i + 1 < changes.size(); ++i) {
    WallTime time(local.time_since_epoch() - changes[i].offset);
    if (i > 0) time = std::max(time, changes[i].at);
    if (time < changes[i + 1].at) return time;
  }
  const WallTime time(local.time_since_epoch() - changes.back().offset);
  return changes.size() == 1 ? time : std::max(time, changes.back().at);
}

}  // namespace ebb::throttle
