#include "sources/openadr/openadr_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ebb::sources::openadr {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxText = 64;
/// Milliseconds of 10,000 years and more: sums of several still fit.
constexpr double kMostTime = 4e14;
constexpr double kMostMonths = 120'000;

/// The text that is still to be read.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  char peek() const { return at_end() ? '\0' : rest_.front(); }

  bool take(std::string_view any_of) {
    if (at_end() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// Exactly so many digits.
  std::optional<int> digits(std::size_t count) {
    int number = 0;
    if (rest_.size() < count) return std::nullopt;
    for (const char c : rest_.substr(0, count)) {
      if (!is_digit(c)) return std::nullopt;
      number = 10 * number + (c - '0');
    }
    rest_.remove_prefix(count);
    return number;
  }

  /// "12" or "1.5"; saturates.
  std::optional<double> number() {
    if (!is_digit(peek())) return std::nullopt;
    double value = 0;
    while (is_digit(peek()))
      value = std::min(10 * value + next_digit(), 1e15);
    if (take(".,")) {
      for (double place = 0.1; is_digit(peek()); place /= 10)
        value += place * next_digit();
    }
    return value;
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  int next_digit() {
    const int digit = rest_.front() - '0';
    rest_.remove_prefix(1);
    return digit;
  }

  std::string_view rest_;
};

/// Milliseconds of a unit; months are 0 here.
struct Unit {
  double time = 0, months = 0;
};

std::optional<Unit> take_unit(Cursor& cursor, bool& minutes) {
  const bool was_time = minutes;
  if (cursor.take("Yy")) return Unit{0, 12};
  if (cursor.take("Mm")) return was_time ? Unit{60e3, 0} : Unit{0, 1};
  if (cursor.take("Ww")) return Unit{7 * 86400e3, 0};
  if (cursor.take("Dd")) return Unit{86400e3, 0};
  minutes = true;  // whatever follows an hour, with or without a T
  if (cursor.take("Hh")) return Unit{3600e3, 0};
  if (cursor.take("Ss")) return Unit{1e3, 0};
  return std::nullopt;
}

/// Nothing, or the offset from UTC; none at all is UTC.
std::optional<std::chrono::minutes> take_offset(Cursor& cursor) {
  if (cursor.at_end() || cursor.take("Zz")) return std::chrono::minutes(0);
  const bool west = cursor.peek() == '-';
  if (!cursor.take("+-")) return std::nullopt;
  const auto hours = cursor.digits(2);
  if (!hours) return std::nullopt;
  int minutes = 0;
  if (cursor.take(":") || !cursor.at_end()) {
    const auto more = cursor.digits(2);
    if (!more) return std::nullopt;
    minutes = *more;
  }
  if (*hours > 23 || minutes > 59) return std::nullopt;
  const std::chrono::minutes offset{60 * *hours + minutes};
  return west ? -offset : offset;
}

std::optional<std::chrono::year_month_day> take_date(Cursor& cursor) {
  const auto year = cursor.digits(4);
  if (!year || !cursor.take("-")) return std::nullopt;
  const auto month = cursor.digits(2);
  if (!month || !cursor.take("-")) return std::nullopt;
  const auto day = cursor.digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (*year < 1 || !date.ok()) return std::nullopt;
  return date;
}

std::optional<milliseconds> take_time_of_day(Cursor& cursor) {
  const auto hours = cursor.digits(2);
  if (!hours || !cursor.take(":")) return std::nullopt;
  const auto minutes = cursor.digits(2);
  if (!minutes) return std::nullopt;
  double seconds = 0;
  if (cursor.take(":")) {
    const auto more = cursor.number();
    if (!more) return std::nullopt;
    seconds = *more;
  }
  // 24:00 is the end of the day, and a minute may have a leap second.
  if (*hours > 24 || *minutes > 59 || seconds >= 61) return std::nullopt;
  const milliseconds time = std::chrono::hours(*hours) + std::chrono::minutes(*minutes) +
                            milliseconds(std::llround(1000 * seconds));
  if (*hours == 24 && time != std::chrono::hours(24)) return std::nullopt;
  return time;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text, bool either_sign) {
  if (text.size() > kMaxText) return std::nullopt;
  Cursor cursor(text);
  const bool negative = cursor.take("-");
  if (!negative) cursor.take("+");
  if (!cursor.take("Pp")) return std::nullopt;
  double months = 0, time = 0;
  bool minutes = false, any = false;
  while (!cursor.at_end()) {
    if (cursor.take("Tt")) {
      if (minutes) return std::nullopt;
      minutes = true;
      continue;
    }
    const auto number = cursor.number();
    const auto unit = number ? take_unit(cursor, minutes) : std::nullopt;
    if (!unit) return std::nullopt;
    // Of a part of a month the calendar knows nothing.
    const double whole = std::floor(*number * unit->months);
    months += whole;
    time += *number * unit->time + (*number * unit->months - whole) * 30 * 86400e3;
    any = true;
  }
  const Duration duration{static_cast<std::int64_t>(std::min(months, kMostMonths)),
                          milliseconds(std::llround(std::min(time, kMostTime)))};
  if (!any || (negative && !either_sign && !duration.is_zero())) return std::nullopt;
  return duration;
}

milliseconds at_most(const Duration& duration) {
  return duration.months * std::chrono::days(31) + duration.time;
}

WallTime later(WallTime time, const Duration& duration) {
  if (time >= kForever) return kForever;
  if (duration.months > 0) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const auto month = date.year() / date.month() + std::chrono::months(duration.months);
    if (month.year() >= std::chrono::year(10000)) return kForever;
    const std::chrono::year_month_day last(month / std::chrono::last);
    time = std::chrono::sys_days(month / std::min(date.day(), last.day())) + (time - day);
  }
  return std::min(time + duration.time, kForever);
}

std::string duration_text(milliseconds duration) {
  char text[40];
  const long long count = std::max<long long>(duration.count(), 0);
  if (count % 1000 == 0) {
    std::snprintf(text, sizeof text, "PT%lldS", count / 1000);
  } else {
    std::snprintf(text, sizeof text, "PT%lld.%03lldS", count / 1000, count % 1000);
  }
  return text;
}

std::optional<Start> parse_start(std::string_view text) {
  if (text.size() > kMaxText) return std::nullopt;
  Cursor cursor(text);
  const auto date = take_date(cursor);
  if (!date) return std::nullopt;
  WallTime time{std::chrono::sys_days(*date)};
  if (!cursor.at_end()) {
    if (!cursor.take("Tt ")) return std::nullopt;
    const auto of_day = take_time_of_day(cursor);
    const auto offset = of_day ? take_offset(cursor) : std::nullopt;
    if (!offset || !cursor.at_end()) return std::nullopt;
    time += *of_day - *offset;
  }
  if (date->year() == std::chrono::year(1)) return Start{};
  return Start{time};
}

std::optional<WallTime> parse_date_time(std::string_view text) {
  const auto start = parse_start(text);
  return start ? start->at : std::nullopt;
}

std::string date_time_text(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto of_day = (time - day).count();
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(of_day / 3'600'000),
                static_cast<int>(of_day / 60'000 % 60), static_cast<int>(of_day / 1000 % 60),
                static_cast<int>(of_day % 1000));
  return text;
}

}  // namespace ebb::sources::openadr
