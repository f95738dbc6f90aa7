#include "throttle/schedule/calendar_values.h"

#include <algorithm>
#include <iterator>

#include "throttle/signal_book.h"

namespace ebb::throttle {

using namespace std::chrono_literals;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::seconds;

namespace {

template <class T>
using Expected = tl::expected<T, std::string>;

template <std::size_t kSize>
std::vector<int> numbers(const short (&list)[kSize]) {
  const auto* end = std::find(std::begin(list), std::end(list), ICAL_RECURRENCE_ARRAY_MAX);
  return {std::begin(list), end};
}

std::optional<Frequency> to_frequency(icalrecurrencetype_frequency frequency) {
  switch (frequency) {
    case ICAL_HOURLY_RECURRENCE:
      return Frequency::hourly;
    case ICAL_DAILY_RECURRENCE:
      return Frequency::daily;
    case ICAL_WEEKLY_RECURRENCE:
      return Frequency::weekly;
    case ICAL_MONTHLY_RECURRENCE:
      return Frequency::monthly;
    case ICAL_YEARLY_RECURRENCE:
      return Frequency::yearly;
    default:
      return std::nullopt;
  }
}

std::chrono::weekday to_weekday(icalrecurrencetype_weekday day) {
  return std::chrono::weekday(static_cast<unsigned>(day) - ICAL_SUNDAY_WEEKDAY);
}

}  // namespace

Expected<IcalProperties> IcalProperties::read(const CalendarLine& line) {
  const std::string text = "BEGIN:VEVENT\r\n" + line.text + "\r\nEND:VEVENT\r\n";
  IcalProperties result;
  result.component_.reset(icalparser_parse_string(text.c_str()));
  const auto bad = [&] { return tl::unexpected(at_line(line.number, "bad " + line.name)); };
  if (!result.component_) return bad();
  icalcomponent* component = result.component_.get();
  for (icalproperty* it = icalcomponent_get_first_property(component, ICAL_ANY_PROPERTY);
       it != nullptr; it = icalcomponent_get_next_property(component, ICAL_ANY_PROPERTY)) {
    if (icalproperty_isa(it) == ICAL_XLICERROR_PROPERTY) return bad();
    result.properties_.push_back(it);
  }
  if (result.properties_.empty()) return bad();
  return result;
}

std::optional<local_seconds> to_local(const icaltimetype& time) {
  const std::chrono::year_month_day date(std::chrono::year(time.year),
                                         std::chrono::month(static_cast<unsigned>(time.month)),
                                         std::chrono::day(static_cast<unsigned>(time.day)));
  const auto within = [](int value, int most) { return value >= 0 && value <= most; };
  if (time.year < 1601 || time.year > 9999 || !within(time.month, 12) || !within(time.day, 31) ||
      !date.ok()) {
    return std::nullopt;
  }
  if (time.is_date) return local_days(date);
  if (!within(time.hour, 23) || !within(time.minute, 59) || !within(time.second, 59)) {
    return std::nullopt;
  }
  return local_days(date) + std::chrono::hours(time.hour) + std::chrono::minutes(time.minute) +
         seconds(time.second);
}

Expected<RecurrenceRule> to_rule(const icalrecurrencetype& recur) {
  const auto frequency = to_frequency(recur.freq);
  if (!frequency) return tl::unexpected<std::string>("recurs too often");
  if (recur.rscale != nullptr) return tl::unexpected<std::string>("RSCALE is not supported");
  RecurrenceRule rule;
  rule.frequency = *frequency;
  rule.interval = recur.interval;
  rule.week_start =
      recur.week_start == ICAL_NO_WEEKDAY ? std::chrono::Monday : to_weekday(recur.week_start);
  rule.months = numbers(recur.by_month);
  rule.week_numbers = numbers(recur.by_week_no);
  rule.year_days = numbers(recur.by_year_day);
  rule.month_days = numbers(recur.by_month_day);
  rule.hours = numbers(recur.by_hour);
  rule.minutes = numbers(recur.by_minute);
  rule.seconds = numbers(recur.by_second);
  rule.positions = numbers(recur.by_set_pos);
  for (const int encoded : numbers(recur.by_day)) {
    const auto day = static_cast<short>(encoded);
    rule.weekdays.push_back({to_weekday(icalrecurrencetype_day_day_of_week(day)),
                             icalrecurrencetype_day_position(day)});
  }
  return rule;
}

bool has_long_number(std::string_view text, std::size_t max_digits) {
  std::size_t digits = 0;
  for (const char c : text) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    if (digits > max_digits) return true;
  }
  return false;
}

std::optional<seconds> parse_offset(std::string_view text) {
  if (text.size() != 5 && text.size() != 7) return std::nullopt;
  if (text[0] != '+' && text[0] != '-') return std::nullopt;
  if (text.find_first_not_of("0123456789", 1) != std::string_view::npos) return std::nullopt;
  const auto two = [&](std::size_t at) { return 10 * (text[at] - '0') + (text[at + 1] - '0'); };
  const seconds size = std::chrono::hours(two(1)) + std::chrono::minutes(two(3)) +
                       seconds(text.size() == 7 ? two(5) : 0);
  if (size >= 24h) return std::nullopt;
  return text[0] == '+' ? size : -size;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

bool same_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

Expected<std::optional<Cap>> cap_of_summary(std::string_view summary) {
  summary = trimmed(summary);
  if (summary.size() < 4 || !same_letters(summary.substr(0, 3), "ebb")) return std::nullopt;
  const std::string_view rest = trimmed(summary.substr(3));
  if (summary[3] != ' ' || rest.empty() || rest[0] < '0' || rest[0] > '9') return std::nullopt;
  return parse_cap(rest).map([](const Cap& cap) { return std::optional(cap); });
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  text.resize(cut(text, SignalBook::kMaxReason).size());
  return text;
}
}  // namespace ebb::throttle
