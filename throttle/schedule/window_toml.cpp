#include "throttle/schedule/window_toml.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "throttle/schedule/table_reader.h"

namespace ebb::throttle {
namespace {

using std::chrono::minutes;
using std::chrono::year_month_day;

constexpr std::size_t kMaxName = 100, kMaxReason = 500;  // bytes

std::string quote(std::string_view text) {
  return "'" + std::string(text.substr(0, 100)) + "'";
}

/// A number of exactly so many digits, taken off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  int value = 0;
  if (text.size() < digits || text[0] == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc() || end != text.data() + digits) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<year_month_day> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const year_month_day date{std::chrono::year(*year),
                            std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return date;
}

/// 00:00 to 24:00.
std::optional<minutes> take_time_of_day(std::string_view& text) {
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  const minutes time{*hour * 60 + *minute};
  if (time > minutes(24 * 60)) return std::nullopt;
  return time;
}

tl::expected<year_month_day, std::string> parse_date(std::string_view text) {
  std::string_view rest = text;
  const auto date = take_date(rest);
  if (!date || !rest.empty())
    return tl::unexpected(quote(text) + " is not a date such as 2022-01-31");
  return *date;
}

tl::expected<LocalTime, std::string> parse_local_time(std::string_view text) {
  std::string_view rest = text;
  const auto date = take_date(rest);
  const bool separated = date && (take(rest, 'T') || take(rest, ' '));
  const auto time = separated ? take_time_of_day(rest) : std::nullopt;
  if (!time || (!rest.empty() && rest != ":00")) {
    return tl::unexpected(quote(text) +
                          " is not a date and time in whole minutes such as 2022-01-31T24:00");
  }
  return LocalTime{*date, *time};
}

struct Hours {
  minutes from{0}, until{24 * 60};
};
tl::expected<Hours, std::string> parse_hours(std::string_view text) {
  std::string_view rest = text;
  const auto from = take_time_of_day(rest);
  const bool separated = from && take(rest, '-');
  const auto until = separated ? take_time_of_day(rest) : std::nullopt;
  if (!until || !rest.empty() || *from == minutes(24 * 60)) {
    return tl::unexpected(quote(text) + " is not a span of hours such as 22:00-06:00");
  }
  return Hours{*from, *until};
}

std::optional<std::chrono::weekday> parse_weekday(std::string_view text) {
  constexpr std::array<std::string_view, 7> kNames = {"sun", "mon", "tue", "wed",
                                                      "thu", "fri", "sat"};
  const auto* const found = std::find(kNames.begin(), kNames.end(), text);
  if (found == kNames.end()) return std::nullopt;
  return std::chrono::weekday(static_cast<unsigned>(found - kNames.begin()));
}

year_month_day date_of(const toml::date& date) {
  return {std::chrono::year(date.year), std::chrono::month(date.month), std::chrono::day(date.day)};
}

/// TOML's own date or a string.
std::optional<year_month_day> date_from(const toml::node& node) {
  if (const auto* date = node.as_date()) return date_of(date->get());
  const auto* text = node.as_string();
  const auto date = text != nullptr ? parse_date(text->get()) : tl::unexpected(std::string());
  return date ? std::optional(*date) : std::nullopt;
}

std::optional<year_month_day> date(TableReader& reader, std::string_view key) {
  const toml::node* node = reader.node(key);
  if (node == nullptr) return std::nullopt;
  const auto result = date_from(*node);
  if (!result) reader.fail(key, "must be a date such as 2022-01-31");
  return result;
}

/// TOML's own local date-time or a string.
std::optional<LocalTime> local_time(TableReader& reader, std::string_view key) {
  const toml::node* node = reader.node(key);
  if (node == nullptr) return std::nullopt;
  if (node->is_string()) return reader.parsed(key, parse_local_time);
  const auto* value = node->as_date_time();
  if (value == nullptr) {
    reader.fail(key, "must be a date and time such as 2022-01-31T23:00");
    return std::nullopt;
  }
  const toml::date_time& time = value->get();
  if (time.offset) {
    reader.fail(key, "must be local time of the window's zone, without an offset");
  } else if (time.time.second != 0 || time.time.nanosecond != 0) {
    reader.fail(key, "must be a whole minute");
  }
  return LocalTime{date_of(time.date), minutes(time.time.hour * 60 + time.time.minute)};
}

std::vector<std::chrono::weekday> weekdays(TableReader& reader) {
  constexpr std::string_view kWrong = "must be a list of mon, tue, wed, thu, fri, sat, sun";
  std::vector<std::chrono::weekday> result;
  const toml::node* node = reader.node("days");
  if (node == nullptr) return result;
  const toml::array* names = node->as_array();
  if (names == nullptr || names->empty()) {
    reader.fail("days", kWrong);
    return result;
  }
  for (const toml::node& name : *names) {
    const auto* text = name.as_string();
    const auto day = text != nullptr ? parse_weekday(text->get()) : std::nullopt;
    if (!day) {
      reader.fail("days", kWrong);
      return result;
    }
    if (std::find(result.begin(), result.end(), *day) == result.end()) result.push_back(*day);
  }
  return result;
}

std::vector<year_month_day> dates(TableReader& reader, std::string_view key) {
  constexpr std::string_view kWrong = "must be a list of dates such as 2022-01-31";
  std::vector<year_month_day> result;
  const toml::node* node = reader.node(key);
  if (node == nullptr) return result;
  const toml::array* values = node->as_array();
  if (values == nullptr) {
    reader.fail(key, kWrong);
    return result;
  }
  for (const toml::node& value : *values) {
    const auto day = date_from(value);
    if (!day) {
      reader.fail(key, kWrong);
      return result;
    }
    result.push_back(*day);
  }
  return result;
}

Cap cap(TableReader& reader) {
  const auto cap = reader.cap("cap");
  if (!cap) reader.fail("cap", "is missing: 0%, 40%, 250W or 20MH/s");
  return cap.value_or(DutyCap{0});
}

std::string short_text(TableReader& reader, std::string_view key, std::size_t most) {
  std::string result = reader.string(key).value_or("");
  if (result.size() > most) {
    reader.fail(key, "is longer than " + std::to_string(most) + " bytes");
  }
  return result;
}

DatedSpan dated_span(TableReader& reader) {
  DatedSpan span;
  const auto from = local_time(reader, "from");
  span.until = local_time(reader, "until");
  if (!from) {
    reader.fail("from", "is missing: when the window begins");
    return span;
  }
  span.from = *from;
  const auto moment = [](const LocalTime& time) {
    return std::chrono::sys_days(time.date) + time.of_day;
  };
  if (span.until && moment(*span.until) <= moment(*from)) {
    reader.fail("until", "is not after from");
  }
  return span;
}

WeeklySpan weekly_span(TableReader& reader) {
  WeeklySpan span;
  span.days = weekdays(reader);
  if (const auto hours = reader.parsed("hours", parse_hours)) {
    span.from = hours->from;
    span.until = hours->until;
  }
  span.first = date(reader, "first");
  span.last = date(reader, "last");
  span.except = dates(reader, "except");
  if (span.first && span.last && *span.last < *span.first) reader.fail("last", "is before first");
  return span;
}

}  // namespace

tl::expected<ScheduleWindow, std::string> read_window(const toml::table& table,
                                                      std::string_view default_zone) {
  TableReader reader(table);
  ScheduleWindow window;
  window.name = short_text(reader, "name", kMaxName);
  if (window.name.empty()) reader.fail("name", "is missing");
  window.cap = cap(reader);
  window.signal_class = reader.signal_class("class").value_or(SignalClass::mandatory);
  window.zone = reader.string("zone").value_or(std::string(default_zone));
  if (window.zone.empty()) reader.fail("zone", "is missing, such as \"Asia/Almaty\"");
  window.reason = short_text(reader, "reason", kMaxReason);

  const auto any_of = [&](auto... keys) { return (table.contains(keys) || ...); };
  const bool dated = any_of("from", "until");
  const bool weekly = any_of("days", "hours", "first", "last", "except");
  if (dated && weekly) {
    reader.fail("", "a window has either from and until, or days and hours");
  } else if (dated) {
    window.span = dated_span(reader);
  } else if (weekly) {
    window.span = weekly_span(reader);
  } else {
    reader.fail("", "a window needs from (and until), or days and hours");
  }
  if (const auto read = reader.finish(); !read) return tl::unexpected(read.error());
  return window;
}

}  // namespace ebb::throttle
