#pragma once
// Calendars for tests, and what comes out of them.

#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/catch.h"
#include "throttle/schedule/calendar.h"

namespace ebb::throttle {

using Strings = std::vector<std::string>;

inline const CalendarFile kFile{"grid", "/etc/grid.ics", DutyCap{0.1}, SignalClass::economic,
                                "Europe/Berlin"};

inline std::string calendar(const std::string& inside) {
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n" + inside + "END:VCALENDAR\r\n";
}

inline std::string event(const std::string& lines, const std::string& uid = "a@b") {
  return "BEGIN:VEVENT\r\nUID:" + uid + "\r\n" + lines + "END:VEVENT\r\n";
}

inline WallTime utc(std::string_view time) {
  return *parse_time(time, "UTC");
}

inline std::vector<Signal> signals_of(const std::string& text, std::string_view from = "2000-01-01",
                                      std::string_view to = "2100-01-01", std::size_t most = 12) {
  const auto read = Calendar::parse(text, kFile);
  if (!read) FAIL(read.error());
  FirstSignals first(utc(from), utc(to), most);
  read->add_to(first);
  return first.take();
}

/// "2022-01-24T18:00:00Z 2022-01-25T06:00:00Z", one for each signal.
inline Strings spans(const std::vector<Signal>& signals) {
  Strings result;
  for (const Signal& signal : signals)
    result.push_back(utc_text(signal.valid_from) + " " + utc_text(*signal.valid_until));
  return result;
}

/// When the occurrences of an event begin, in local time of UTC.
inline Strings begins(const std::string& lines, std::string_view from = "2000-01-01",
                      std::string_view to = "2100-01-01", std::size_t most = 12) {
  Strings result;
  for (const Signal& signal : signals_of(calendar(event(lines)), from, to, most))
    result.push_back(utc_text(signal.valid_from).substr(0, 16));
  return result;
}

/// The same of a rule, by their days, at 09:00 UTC from `first` on.
inline Strings days(const std::string& rule, const std::string& first, std::size_t most = 6) {
  Strings result =
      begins("DTSTART:" + first + "T090000Z\r\nDURATION:PT1H\r\nRRULE:" + rule + "\r\n",
             "1990-01-01", "2400-01-01", most);
  for (std::string& day : result) {
    if (day.substr(10) != "T09:00") FAIL(day);
    day.resize(10);
  }
  return result;
}

/// Without the file's name.
inline std::string error_of(const std::string& text) {
  const auto read = Calendar::parse(text, kFile);
  if (read) return "none";
  const std::string file = "calendar 'grid' (/etc/grid.ics): ";
  REQUIRE(read.error().starts_with(file));
  return read.error().substr(file.size());
}

/// Of an event that begins in line 4.
inline std::string event_error(const std::string& lines) {
  return error_of(calendar(event(lines)));
}

const std::string kStart = "DTSTART:20220124T090000Z\r\n";
const std::string kHour = "DTSTART:20220124T090000Z\r\nDTEND:20220124T100000Z\r\n";

}  // namespace ebb::throttle
