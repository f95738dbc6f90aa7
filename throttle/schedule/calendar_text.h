#pragma once
// The outer form of an iCalendar file (RFC 5545, 3.1): lines and components. What its values mean
// is the calendar's business.

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace ebb::throttle {

/// "DTSTART;TZID=Asia/Almaty:20220124T000000", unfolded.
struct CalendarLine {
  int number = 0;    ///< of its first line in the file, from 1
  std::string name;  ///< in capitals: "DTSTART"
  std::string text;  ///< the whole line
  std::string value;
};

struct CalendarComponent {
  int line = 0;
  std::string name;  ///< in capitals: "VEVENT"
  std::vector<CalendarLine> lines;
  std::vector<CalendarComponent> parts;
};

/// The file's components, as the parts of one without a name. The error begins with the line:
/// "line 12: ...". Accepted text is UTF-8 without control characters.
tl::expected<CalendarComponent, std::string> read_components(std::string_view text);

/// "line 12: what"
std::string at_line(int line, std::string_view what);

/// At most 100 bytes of UTF-8 `text` in quotes, cut between characters.
std::string quote(std::string_view text);

/// At most `max_bytes` of UTF-8 `text`, cut between characters.
std::string_view cut(std::string_view text, std::size_t max_bytes);

}  // namespace ebb::throttle
