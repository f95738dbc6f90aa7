#pragma once
// The zone of an event: one of this machine's, or one that the file defines itself.

#include <chrono>
#include <memory>
#include <variant>
#include <vector>

#include "throttle/schedule/time_zone.h"

namespace ebb::throttle {

/// From `at` on, clocks are `offset` ahead of UTC.
struct ClockChange {
  WallTime at;
  std::chrono::seconds offset;
};

/// Immutable and cheap to copy.
class CalendarZone {
 public:
  CalendarZone(TimeZone zone) : rules_(zone) {}
  /// Ascending; the first holds for all time before it too. At least one.
  explicit CalendarZone(std::vector<ClockChange> changes);

  /// As TimeZone has it.
  WallTime moment(std::chrono::local_seconds local) const;

 private:
  std::variant<TimeZone, std::shared_ptr<const std::vector<ClockChange>>> rules_;
};

}  // namespace ebb::throttle
