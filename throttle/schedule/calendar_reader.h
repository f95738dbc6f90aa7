#pragma once
// From the components of an iCalendar file to its events.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "throttle/schedule/calendar.h"
#include "throttle/schedule/calendar_text.h"
#include "throttle/schedule/calendar_times.h"

namespace ebb::throttle {

/// Reads one file, once.
class CalendarReader {
 public:
  /// `zone`: of times without one.
  CalendarReader(const CalendarFile& file, TimeZone zone, TimeZone utc)
      : file_(file), zone_(zone), times_(utc) {}

  tl::expected<Calendar, std::string> read(const CalendarComponent& root);

 private:
  using Event = Calendar::Event;
  using Length = Calendar::Length;
  using Period = CalendarTimes::Period;

  tl::expected<Event, std::string> read_event(const CalendarComponent& component);
  /// Its cap, class and reason, and whether it counts.
  tl::expected<void, std::string> read_meaning(const CalendarComponent& component,
                                               Event& event) const;
  tl::expected<void, std::string> read_replacement(const CalendarComponent& component,
                                                   Event& event);
  tl::expected<void, std::string> read_length(const CalendarComponent& component,
                                              const ZonedTime& start, Event& event);
  tl::expected<void, std::string> read_occurrences(const CalendarComponent& component,
                                                   const ZonedTime& start, Event& event);
  /// Takes what the events with a RECURRENCE-ID stand for out of their series, whose cap and class
  /// they have where they name none, and sets the file's where nobody does.
  void complete(std::vector<Event>& events) const;

  const CalendarFile& file_;
  CalendarZone zone_;  ///< of times without one
  CalendarTimes times_;
  std::set<std::pair<std::string, std::optional<WallTime>>> uids_;
};

}  // namespace ebb::throttle
