#include "throttle/schedule/time_zone.h"

#include <date/tz.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>

#if !USE_OS_TZDB
#error "date must read the system's zone data: its own would be downloaded"
#endif

namespace ebb::throttle {
namespace {

using namespace std::chrono_literals;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::seconds;

date::local_seconds of_date(local_seconds local) {
  return date::local_seconds(local.time_since_epoch());
}

std::optional<const date::time_zone*> located(std::string_view name) {
  try {
    const date::time_zone* zone = date::locate_zone(std::string(name));
    zone->get_info(date::sys_seconds{});  // reads its file
    return zone;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::optional<const date::time_zone*> local_zone() {
  if (const char* name = std::getenv("TZ"); name != nullptr) {
    if (*name == ':') ++name;
    return located(*name == '\0' ? "UTC" : name);
  }
  try {
    return located(date::current_zone()->name());
  } catch (const std::exception&) {
    return located("UTC");
  }
}

std::string quote(std::string_view text) {
  return "'" + std::string(text.substr(0, 100)) + "'";
}

/// Takes a text apart from its beginning.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<int> number(std::size_t digits) {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = 10 * value + (c - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }

 private:
  std::string_view rest_;
};

struct TimeText {
  std::chrono::year_month_day date;
  seconds of_day{0};
  std::optional<seconds> offset;  ///< of UTC
};

/// HH:MM or HH:MM:SS
std::optional<seconds> scan_clock(Scanner& scanner) {
  const auto hour = scanner.number(2);
  if (!hour || !scanner.take(':')) return std::nullopt;
  const auto minute = scanner.number(2);
  const auto second = scanner.take(':') ? scanner.number(2) : 0;
  if (!minute || *minute > 59 || !second || *second > 59) return std::nullopt;
  const seconds time = std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
  if (time > 24h) return std::nullopt;
  return time;
}

/// +HH:MM or -HHMM
std::optional<seconds> scan_offset(Scanner& scanner) {
  const bool east = scanner.take('+');
  if (!east && !scanner.take('-')) return std::nullopt;
  const auto hours = scanner.number(2);
  scanner.take(':');
  const auto minutes = scanner.number(2);
  if (!hours || *hours > 23 || !minutes || *minutes > 59) return std::nullopt;
  const seconds size = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return east ? size : -size;
}

std::optional<TimeText> scan_time(Scanner scanner) {
  const auto year = scanner.number(4);
  if (!year || !scanner.take('-')) return std::nullopt;
  const auto month = scanner.number(2);
  if (!month || !scanner.take('-')) return std::nullopt;
  const auto day = scanner.number(2);
  if (!day) return std::nullopt;
  TimeText time;
  time.date = {std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
               std::chrono::day(static_cast<unsigned>(*day))};
  if (scanner.done()) return time;

  if (!scanner.take('T') && !scanner.take(' ')) return std::nullopt;
  const auto of_day = scan_clock(scanner);
  if (!of_day) return std::nullopt;
  time.of_day = *of_day;
  if (scanner.done()) return time;
  time.offset = scanner.take('Z') ? 0s : scan_offset(scanner);
  if (!time.offset || !scanner.done()) return std::nullopt;
  return time;
}

/// Date and time of day of UTC.
std::string clock_text(WallTime time, char separator) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<seconds>(time - day));
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02u%c%02d:%02d:%02d",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), separator,
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return buffer;
}

}  // namespace

tl::expected<TimeZone, std::string> TimeZone::find(std::string_view name) {
  try {
    date::get_tzdb();
  } catch (const std::exception&) {
    return tl::unexpected<std::string>("no time zone data: is the package tzdata installed?");
  }
  if (const auto zone = name.empty() ? local_zone() : located(name)) return TimeZone(*zone);
  if (name.empty()) return tl::unexpected<std::string>("TZ does not name a time zone");
  return tl::unexpected("no time zone " + quote(name));
}

WallTime TimeZone::moment(local_seconds local) const {
  const date::local_info info = zone_->get_info(of_date(local));
  if (info.result == date::local_info::nonexistent) return info.first.end;
  return WallTime(local.time_since_epoch() - info.first.offset);
}

seconds TimeZone::offset(WallTime time) const {
  return zone_->get_info(std::chrono::floor<seconds>(time)).offset;
}

tl::expected<local_seconds, std::string> to_local(const LocalTime& local) {
  if (!local.date.ok()) return tl::unexpected<std::string>("no such date");
  if (local.of_day < 0min || local.of_day > 24h) {
    return tl::unexpected<std::string>("no such time of day");
  }
  return local_days(local.date) + local.of_day;
}

tl::expected<WallTime, std::string> to_wall_time(const LocalTime& local, std::string_view zone) {
  const auto found = TimeZone::find(zone);
  if (!found) return tl::unexpected(found.error());
  return to_local(local).map([&](local_seconds time) { return found->moment(time); });
}

tl::expected<WallTime, std::string> parse_time(std::string_view text, std::string_view zone) {
  const auto time = scan_time(Scanner(text));
  if (!time) return tl::unexpected(quote(text) + " is not a time such as 2022-01-31T23:59");
  if (!time->date.ok()) return tl::unexpected(quote(text) + ": no such date");
  const local_seconds local = local_days(time->date) + time->of_day;
  if (time->offset) return WallTime(local.time_since_epoch() - *time->offset);
  return TimeZone::find(zone).map([&](const TimeZone& found) { return found.moment(local); });
}

std::string text(WallTime time, std::string_view zone) {
  const auto found = TimeZone::find(zone);
  const seconds offset = found ? found->offset(time) : 0s;
  const std::chrono::hh_mm_ss east(std::chrono::abs(offset));
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "%c%02d:%02d", offset < 0s ? '-' : '+',
                static_cast<int>(east.hours().count()), static_cast<int>(east.minutes().count()));
  return clock_text(time + offset, ' ') + buffer;
}

std::string utc_text(WallTime time) {
  return clock_text(time, 'T') + "Z";
}

}  // namespace ebb::throttle
