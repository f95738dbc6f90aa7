#pragma once
// Times, zones and rules of an iCalendar file.

#include <libical/ical.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "throttle/schedule/calendar.h"
#include "throttle/schedule/calendar_text.h"
#include "throttle/schedule/calendar_zone.h"

namespace ebb::throttle {

/// Errors begin with the line: "line 12: DTSTART ...".
tl::unexpected<std::string> fault(int line, std::string_view what);
tl::unexpected<std::string> fault(const CalendarLine& line, std::string_view what);

/// The one line of that name; null where there is none.
tl::expected<const CalendarLine*, std::string> only_line(const CalendarComponent& component,
                                                         std::string_view name);
/// Never null.
tl::expected<const CalendarLine*, std::string> required_line(const CalendarComponent& component,
                                                             std::string_view name);

/// A time with the zone in which it was written.
struct ZonedTime {
  std::chrono::local_seconds local;
  bool is_date = false;
  std::string zone_name;
  CalendarZone zone;

  WallTime moment() const { return zone.moment(local); }
  std::chrono::local_days day() const { return std::chrono::floor<std::chrono::days>(local); }
};

/// Of one file. Its zones are the system's, or defined in it; its COUNTs and zones together may
/// take Calendar::kMaxReadSteps.
class CalendarTimes {
 public:
  explicit CalendarTimes(TimeZone utc) : utc_(utc) {}

  using Length = Calendar::Length;

  /// A time, or a span of time.
  struct Period {
    ZonedTime begin;
    std::optional<Length> length;
  };

  /// A VTIMEZONE of the file, which must outlive this.
  void add_zone(const std::string& name, const CalendarComponent& component) {
    own_zones_.emplace(name, &component);
  }

  /// `floating`: the zone of times without one.
  tl::expected<std::vector<Period>, std::string> read_times(const CalendarLine& line,
                                                            const CalendarZone& floating);
  tl::expected<ZonedTime, std::string> read_time(const CalendarLine& line,
                                                 const CalendarZone& floating);
  static tl::expected<Length, std::string> between(const CalendarLine& line, const ZonedTime& begin,
                                                   const ZonedTime& end);
  static tl::expected<Length, std::string> to_length(const CalendarLine& line,
                                                     const icaldurationtype& duration);
  tl::expected<Calendar::Rule, std::string> read_rule(const CalendarLine& line,
                                                      const ZonedTime& start);

 private:
  tl::expected<CalendarZone, std::string> find_zone(const std::string& name);
  tl::expected<CalendarZone, std::string> look_up_zone(const std::string& name);
  tl::expected<CalendarZone, std::string> read_zone(const CalendarComponent& component);
  static tl::expected<std::chrono::seconds, std::string> read_offset(const CalendarComponent& part,
                                                                     std::string_view name);
  tl::expected<ZonedTime, std::string> to_time(const CalendarLine& line, icalproperty* property,
                                               const icaltimetype& time,
                                               const CalendarZone& floating);
  static tl::expected<Length, std::string> checked(const CalendarLine& line, const Length& length);

  CalendarZone utc_;
  std::map<std::string, const CalendarComponent*, std::less<>> own_zones_;
  std::map<std::string, CalendarZone, std::less<>> zones_;
  std::size_t steps_ = Calendar::kMaxReadSteps;
};

}  // namespace ebb::throttle
