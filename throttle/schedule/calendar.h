#pragma once
// The events of an iCalendar file as caps.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "throttle/schedule/calendar_zone.h"
#include "throttle/schedule/first_signals.h"
#include "throttle/schedule/recurrence.h"
#include "throttle/schedule/schedule.h"

namespace ebb::throttle {

/// What is wrong in a file is an error: an event that cannot be understood is not left out.
/// An event with DTEND ends at that time of the clock, however long it then lasts; so does one
/// whose DURATION is in days or weeks. A DURATION in hours is exact.
class Calendar {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
  static constexpr std::size_t kMaxEvents = 10'000;
  static constexpr std::size_t kMaxUidBytes = 255;  ///< RFC 7986, 5.3
  /// Days (or hours, of hourly rules) that a file's COUNTs and zones may take to be looked through.
  static constexpr std::size_t kMaxReadSteps = 5'000'000;
  /// The same of one rule when signals are asked for: 273 years, or 11 of an hourly rule.
  static constexpr std::size_t kMaxSteps = 100'000;

  /// The error names the file, and the line where there is one.
  static tl::expected<Calendar, std::string> read(const CalendarFile& file);
  /// Of a file's text.
  static tl::expected<Calendar, std::string> parse(std::string_view text, const CalendarFile& file);

  void add_to(FirstSignals& signals) const;

 private:
  friend class CalendarReader;
  friend class CalendarTimes;

  /// How long an event lasts: first by the clock, then by time that passes.
  struct Length {
    std::chrono::seconds on_clock{0}, exact{0};
  };
  struct Occurrence {
    std::chrono::local_days day;  ///< on which it begins
    WallTime begin, end;
  };
  struct Rule {
    Recurrence recurrence;
    std::optional<std::chrono::local_seconds> last;  ///< UNTIL, or where COUNT ends
    std::optional<WallTime> last_moment;             ///< UNTIL in UTC
  };
  struct Event {
    explicit Event(CalendarZone its_zone) : zone(std::move(its_zone)) {}

    std::string id;          ///< of its signals, up to their beginning
    std::optional<Cap> cap;  ///< these two are set once all events are read
    std::optional<SignalClass> signal_class;
    std::string reason;
    bool counts = true;  ///< neither cancelled nor transparent
    CalendarZone zone;
    Length length;
    std::vector<Occurrence> singles;  ///< DTSTART's and RDATEs'
    std::vector<Rule> rules;
    std::vector<WallTime> except;
    std::vector<std::chrono::local_days> except_days;
    /// RECURRENCE-ID: it stands in the place of the series' occurrence that begins then.
    std::optional<WallTime> replaces;
    std::optional<std::chrono::local_days> replaces_day;  ///< where it names a day only

    bool is_excepted(const Occurrence& occurrence) const;
    void add_to(FirstSignals& signals) const;
  };

  static Occurrence occurrence(std::chrono::local_seconds begin, const CalendarZone& zone,
                               const Length& length);

  std::vector<Event> events_;
};

}  // namespace ebb::throttle
