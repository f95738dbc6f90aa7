#pragma once
// Planned caps: windows of the configuration and calendar files.

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "throttle/signal.h"

namespace ebb::throttle {

/// Local dates and times are of the window's zone, by the rules in force there at that date.
struct LocalTime {
  std::chrono::year_month_day date{};
  std::chrono::minutes of_day{0};  ///< 0 .. 24 h; 24:00 is the next day's 0:00
  friend bool operator==(const LocalTime&, const LocalTime&) = default;
};

/// From one moment to another, or until somebody ends it.
struct DatedSpan {
  LocalTime from;
  std::optional<LocalTime> until;
};

/// The same hours of chosen weekdays. An end at or before the beginning is on the next day.
struct WeeklySpan {
  std::vector<std::chrono::weekday> days;  ///< on which it begins; all seven when empty
  std::chrono::minutes from{0};
  std::chrono::minutes until{24 * 60};
  std::optional<std::chrono::year_month_day> first, last;  ///< days on which it may begin
  std::vector<std::chrono::year_month_day> except;         ///< days on which it does not
};

struct ScheduleWindow {
  std::string name;  ///< unique; the signals' id begins with it
  Cap cap = DutyCap{0};
  SignalClass signal_class = SignalClass::mandatory;
  std::string zone;  ///< IANA name: "Asia/Almaty"
  std::variant<DatedSpan, WeeklySpan> span;
  std::string reason;
};

/// An iCalendar file (RFC 5545) whose events are caps: RRULE, RDATE, EXDATE, RECURRENCE-ID, TZID,
/// all-day events and VTIMEZONE. An event's cap is its X-EBB-CAP, else the number in a summary such
/// as "ebb 40%", else `cap`. STATUS:CANCELLED and TRANSP:TRANSPARENT events are none.
struct CalendarFile {
  std::string name;  ///< unique among windows and calendars
  std::string path;
  Cap cap = DutyCap{0};
  SignalClass signal_class = SignalClass::mandatory;
  std::string zone;  ///< of times without one
};

/// Immutable, so that a bad edit can be refused as a whole and the one before kept. One thread.
class Schedule {
 public:
  static constexpr std::string_view kSource = "schedule";

  /// Reads the calendars. The error names the window or the file, the line where it can, and what
  /// is wrong.
  static tl::expected<Schedule, std::string> read(std::vector<ScheduleWindow> windows,
                                                  std::vector<CalendarFile> calendars);

  Schedule(Schedule&&) noexcept;
  Schedule& operator=(Schedule&&) noexcept;
  ~Schedule();

  /// The caps that stand at some time in [from, to), ordered by their beginning, at most `most`.
  /// The id of an occurrence is its name and its beginning, so one whose end moves keeps its id.
  std::vector<Signal> signals(WallTime from, WallTime to, std::size_t most) const;

 private:
  struct Impl;
  explicit Schedule(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebb::throttle
