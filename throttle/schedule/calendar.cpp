#include "throttle/schedule/calendar.h"

#include <libical/ical.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

#include "throttle/schedule/calendar_text.h"
#include "throttle/signal_book.h"

namespace ebb::throttle {

using namespace std::chrono_literals;
using std::chrono::ceil;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::seconds;

namespace {

template <class T>
using Expected = tl::expected<T, std::string>;

/// Clocks are set back and forth by less.
constexpr days kZoneMargin{2};
constexpr std::chrono::years kMaxLength{10'000};
/// A zone that a file defines is known for these years.
constexpr local_days kZoneBegin{std::chrono::year(1900) / 1 / 1};
constexpr local_days kZoneEnd{std::chrono::year(2100) / 1 / 1};

struct FreeComponent {
  void operator()(icalcomponent* component) const { icalcomponent_free(component); }
};

/// The properties of one line as libical reads them; several where the value is a list.
class IcalProperties {
 public:
  static Expected<IcalProperties> read(const CalendarLine& line) {
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

  auto begin() const { return properties_.begin(); }
  auto end() const { return properties_.end(); }
  icalproperty* first() const { return properties_.front(); }

 private:
  std::unique_ptr<icalcomponent, FreeComponent> component_;
  std::vector<icalproperty*> properties_;
};

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

/// libical cuts numbers that do not fit its types.
bool has_long_number(std::string_view text, std::size_t max_digits) {
  std::size_t digits = 0;
  for (const char c : text) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    if (digits > max_digits) return true;
  }
  return false;
}

/// "+0600", "-053015". libical takes what is no number for zero.
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

/// The cap in a summary such as "ebb 40%"; nothing in one of another form.
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

/// A time with the zone in which it was written.
struct ZonedTime {
  local_seconds local;
  bool is_date = false;
  std::string zone_name;
  CalendarZone zone;

  WallTime moment() const { return zone.moment(local); }
  local_days day() const { return floor<days>(local); }
};

}  // namespace

class CalendarReader {
 public:
  CalendarReader(const CalendarFile& file, TimeZone zone, TimeZone utc)
      : file_(file), zone_(zone), utc_(utc) {}

  Expected<Calendar> read(const CalendarComponent& root) {
    if (root.parts.empty()) return tl::unexpected<std::string>("no VCALENDAR in it");
    std::vector<const CalendarComponent*> components;
    for (const CalendarComponent& calendar : root.parts) {
      if (calendar.name != "VCALENDAR") {
        return error(calendar.line, "BEGIN:" + quote(calendar.name) + " outside a VCALENDAR");
      }
      for (const CalendarComponent& component : calendar.parts) {
        if (component.name == "VEVENT") components.push_back(&component);
        if (component.name != "VTIMEZONE") continue;
        for (const CalendarLine& line : component.lines) {
          if (line.name == "TZID") own_zones_.emplace(line.value, &component);
        }
      }
    }
    if (components.size() > Calendar::kMaxEvents) {
      return tl::unexpected("more than " + std::to_string(Calendar::kMaxEvents) + " events");
    }
    Calendar calendar;
    for (const CalendarComponent* component : components) {
      auto event = read_event(*component);
      if (!event) return tl::unexpected(event.error());
      calendar.events_.push_back(std::move(*event));
    }
    complete(calendar.events_);
    return calendar;
  }

 private:
  using Event = Calendar::Event;
  using Length = Calendar::Length;

  /// A time, or a span of time.
  struct Period {
    ZonedTime begin;
    std::optional<Length> length;
  };

  static tl::unexpected<std::string> error(int line, std::string_view what) {
    return tl::unexpected(at_line(line, what));
  }
  static tl::unexpected<std::string> error(const CalendarLine& line, std::string_view what) {
    return error(line.number, line.name + " " + std::string(what));
  }

  /// The one line of that name; null where there is none.
  static Expected<const CalendarLine*> only(const CalendarComponent& component,
                                            std::string_view name) {
    const CalendarLine* found = nullptr;
    for (const CalendarLine& line : component.lines) {
      if (line.name != name) continue;
      if (found != nullptr) return error(line, "for the second time");
      found = &line;
    }
    return found;
  }
  static Expected<const CalendarLine*> required(const CalendarComponent& component,
                                                std::string_view name) {
    auto line = only(component, name);
    if (line && *line == nullptr) {
      return error(component.line, component.name + " without " + std::string(name));
    }
    return line;
  }

  Expected<CalendarZone> find_zone(const std::string& name) {
    if (name.empty()) return tl::unexpected<std::string>("no time zone ''");
    if (const auto known = zones_.find(name); known != zones_.end()) return known->second;
    auto zone = look_up_zone(name);
    if (zone) zones_.emplace(name, *zone);
    return zone;
  }

  Expected<CalendarZone> look_up_zone(const std::string& name) {
    const auto known = TimeZone::find(name);
    if (known) return *known;
    // "/freeassociation.sourceforge.net/Europe/Berlin": whose name it is, then the name.
    for (std::size_t slash = name.starts_with('/') ? 0 : std::string::npos;
         slash != std::string::npos; slash = name.find('/', slash + 1)) {
      const std::string rest = name.substr(slash + 1);
      if (rest.empty()) break;
      if (const auto zone = TimeZone::find(rest)) return *zone;
    }
    const auto own = own_zones_.find(name);
    if (own == own_zones_.end()) return tl::unexpected(known.error());
    for (const CalendarLine& line : own->second->lines) {
      if (line.name != "X-LIC-LOCATION" || line.value.empty()) continue;
      if (const auto zone = TimeZone::find(line.value)) return *zone;
    }
    return read_zone(*own->second);
  }

  Expected<CalendarZone> read_zone(const CalendarComponent& component) {
    struct Onset {
      WallTime at;
      seconds before, after;
    };
    std::vector<Onset> onsets;
    for (const CalendarComponent& part : component.parts) {
      if (part.name != "STANDARD" && part.name != "DAYLIGHT") continue;
      const auto before = read_offset(part, "TZOFFSETFROM");
      if (!before) return tl::unexpected(before.error());
      const auto after = read_offset(part, "TZOFFSETTO");
      if (!after) return tl::unexpected(after.error());
      const auto start_line = required(part, "DTSTART");
      if (!start_line) return tl::unexpected(start_line.error());
      const auto start = read_time(without_parameters(**start_line), utc_);
      if (!start) return tl::unexpected(start.error());

      const auto add = [&](local_seconds local) {
        onsets.push_back({WallTime(local.time_since_epoch() - *before), *before, *after});
      };
      add(start->local);
      for (const CalendarLine& line : part.lines) {
        if (line.name == "RDATE") {
          const auto times = read_times(without_parameters(line), utc_);
          if (!times) return tl::unexpected(times.error());
          for (const Period& period : *times)
            add(period.begin.local);
        } else if (line.name == "RRULE") {
          const auto rule = read_rule(line, *start);
          if (!rule) return tl::unexpected(rule.error());
          rule->recurrence.for_each(kZoneBegin, kZoneEnd, steps_, [&](local_seconds local) {
            const WallTime at(local.time_since_epoch() - *before);
            const bool over = (rule->last && local > *rule->last) ||
                              (rule->last_moment && at > *rule->last_moment);
            if (!over) add(local);
            return !over;
          });
          if (steps_ == 0) return error(line, "recurs too often");
        }
      }
    }
    if (onsets.empty()) return error(component.line, "VTIMEZONE without STANDARD or DAYLIGHT");
    std::stable_sort(onsets.begin(), onsets.end(),
                     [](const Onset& a, const Onset& b) { return a.at < b.at; });
    std::vector<ClockChange> changes{{onsets.front().at, onsets.front().before}};
    for (const Onset& onset : onsets)
      changes.push_back({onset.at, onset.after});
    return CalendarZone(std::move(changes));
  }

  static Expected<seconds> read_offset(const CalendarComponent& part, std::string_view name) {
    const auto line = required(part, name);
    if (!line) return tl::unexpected(line.error());
    const auto offset = parse_offset(trimmed((*line)->value));
    if (!offset) return error(**line, "is not an offset such as +0600");
    return *offset;
  }

  /// A zone is defined in its own local time, whatever a TZID there says.
  static CalendarLine without_parameters(CalendarLine line) {
    line.text = line.name + ":" + line.value;
    return line;
  }

  Expected<std::vector<Period>> read_times(const CalendarLine& line, const CalendarZone& floating) {
    const auto properties = IcalProperties::read(line);
    if (!properties) return tl::unexpected(properties.error());
    std::vector<Period> times;
    for (icalproperty* property : *properties) {
      icalvalue* value = icalproperty_get_value(property);
      icaldatetimeperiodtype read{};
      switch (icalvalue_isa(value)) {
        case ICAL_DATE_VALUE:
          read.time = icalvalue_get_date(value);
          break;
        case ICAL_DATETIME_VALUE:
          read.time = icalvalue_get_datetime(value);
          break;
        case ICAL_DATETIMEPERIOD_VALUE:
          read = icalvalue_get_datetimeperiod(value);
          break;
        case ICAL_PERIOD_VALUE:
          read.period = icalvalue_get_period(value);
          break;
        default:
          return error(line, "is not a date or time");
      }
      const bool is_period = !icaltime_is_null_time(read.period.start);
      auto begin = to_time(line, property, is_period ? read.period.start : read.time, floating);
      if (!begin) return tl::unexpected(begin.error());
      times.push_back({std::move(*begin), std::nullopt});
      if (!is_period) continue;
      if (icaltime_is_null_time(read.period.end)) {
        const auto length = to_length(line, read.period.duration);
        if (!length) return tl::unexpected(length.error());
        times.back().length = *length;
      } else {
        const auto end = to_time(line, property, read.period.end, floating);
        if (!end) return tl::unexpected(end.error());
        const auto length = between(line, times.back().begin, *end);
        if (!length) return tl::unexpected(length.error());
        times.back().length = *length;
      }
    }
    return times;
  }

  Expected<ZonedTime> read_time(const CalendarLine& line, const CalendarZone& floating) {
    const auto times = read_times(line, floating);
    if (!times) return tl::unexpected(times.error());
    if (times->size() != 1 || times->front().length) return error(line, "is not one date or time");
    return times->front().begin;
  }

  Expected<ZonedTime> to_time(const CalendarLine& line, icalproperty* property,
                              const icaltimetype& time, const CalendarZone& floating) {
    const auto local = to_local(time);
    if (!local) return error(line, quote(line.value) + ": no such date or time");
    const bool is_date = time.is_date != 0;
    if (icaltime_is_utc(time)) return ZonedTime{*local, is_date, "UTC", utc_};
    icalparameter* parameter = icalproperty_get_first_parameter(property, ICAL_TZID_PARAMETER);
    if (parameter == nullptr || is_date) return ZonedTime{*local, is_date, {}, floating};
    const char* tzid = icalparameter_get_tzid(parameter);
    const std::string name = tzid == nullptr ? "" : tzid;
    auto zone = find_zone(name);
    if (!zone) return error(line, zone.error());
    return ZonedTime{*local, is_date, name, std::move(*zone)};
  }

  static Expected<Length> between(const CalendarLine& line, const ZonedTime& begin,
                                  const ZonedTime& end) {
    if (begin.is_date != end.is_date) return error(line, "is not of the same kind as DTSTART");
    Length length;
    if (begin.zone_name == end.zone_name) {
      length.on_clock = end.local - begin.local;
    } else {
      length.exact = floor<seconds>(end.moment() - begin.moment());
    }
    return checked(line, length);
  }

  static Expected<Length> to_length(const CalendarLine& line, const icaldurationtype& duration) {
    if (duration.is_neg || has_long_number(line.value, 8)) return error(line, "is out of range");
    return checked(line, {days(7LL * duration.weeks + duration.days),
                          std::chrono::hours(duration.hours) +
                              std::chrono::minutes(duration.minutes) + seconds(duration.seconds)});
  }

  static Expected<Length> checked(const CalendarLine& line, const Length& length) {
    if (length.on_clock + length.exact <= 0s) return error(line, "ends before it begins");
    if (length.on_clock + length.exact > kMaxLength) return error(line, "is out of range");
    return length;
  }

  Expected<Calendar::Rule> read_rule(const CalendarLine& line, const ZonedTime& start) {
    const auto properties = IcalProperties::read(line);
    if (!properties) return tl::unexpected(properties.error());
    icalvalue* value = icalproperty_get_value(properties->first());
    if (icalvalue_isa(value) != ICAL_RECUR_VALUE) return error(line, "is not a rule");
    const icalrecurrencetype recur = icalvalue_get_recur(value);
    if (has_long_number(without_until(line.value), 4)) return error(line, "has too large a number");

    auto rule = to_rule(recur);
    if (!rule) return error(line, rule.error());
    if (start.is_date) {
      if (rule->frequency == Frequency::hourly) return error(line, "by the hour of whole days");
      rule->hours.clear();  // RFC 5545: to be ignored
      rule->minutes.clear();
      rule->seconds.clear();
    }
    auto recurrence = Recurrence::make(std::move(*rule), start.local);
    if (!recurrence) return error(line, recurrence.error());
    Calendar::Rule result{std::move(*recurrence), std::nullopt, std::nullopt};

    if (!icaltime_is_null_time(recur.until)) {
      const auto until = to_local(recur.until);
      if (!until) return error(line, "has no such date or time in UNTIL");
      if (recur.until.is_date) {
        result.last = *until + days(1) - 1s;
      } else if (icaltime_is_utc(recur.until)) {
        result.last_moment = utc_.moment(*until);
      } else {
        result.last = *until;
      }
    }
    if (recur.count > 0) {
      int left = recur.count;
      result.last = start.local;
      result.recurrence.for_each(start.local, Recurrence::kEnd, steps_, [&](local_seconds time) {
        result.last = time;
        return --left > 0;
      });
      if (steps_ == 0) return error(line, "recurs too often");
    }
    return result;
  }

  static std::string without_until(const std::string& rule) {
    std::string result = rule;
    for (const char* name : {"UNTIL=", "until="}) {
      const std::size_t at = result.find(name);
      if (at != std::string::npos) result.erase(at, result.find(';', at) - at);
    }
    return result;
  }

  Expected<Event> read_event(const CalendarComponent& component) {
    const auto uid = required(component, "UID");
    if (!uid) return tl::unexpected(uid.error());
    const std::string& name = (*uid)->value;
    if (name.empty() || name.size() > Calendar::kMaxUidBytes) {
      return error(**uid, "is empty or longer than " + std::to_string(Calendar::kMaxUidBytes));
    }
    const auto start_line = required(component, "DTSTART");
    if (!start_line) return tl::unexpected(start_line.error());
    const auto start = read_time(**start_line, zone_);
    if (!start) return tl::unexpected(start.error());

    Event event(start->zone);
    event.id = file_.name + "/" + name;
    if (const auto read = read_meaning(component, event); !read) {
      return tl::unexpected(read.error());
    }
    if (const auto read = read_replacement(component, event); !read) {
      return tl::unexpected(read.error());
    }
    if (!uids_.emplace(name, event.replaces).second) {
      return error(**uid, quote(name) + " for the second time");
    }
    if (!event.counts) return event;
    if (const auto read = read_length(component, *start, event); !read) {
      return tl::unexpected(read.error());
    }
    if (const auto read = read_occurrences(component, *start, event); !read) {
      return tl::unexpected(read.error());
    }
    return event;
  }

  /// Its cap, class and reason, and whether it counts.
  Expected<void> read_meaning(const CalendarComponent& component, Event& event) const {
    event.reason = file_.name;
    for (const CalendarLine& line : component.lines) {
      const std::string_view value = trimmed(line.value);
      if (line.name == "X-EBB-CAP") {
        if (event.cap) return error(line, "for the second time");
        const auto cap = parse_cap(value);
        if (!cap) return error(line, cap.error());
        event.cap = *cap;
      } else if (line.name == "X-EBB-CLASS") {
        event.signal_class = parse_signal_class(value);
        if (!event.signal_class) return error(line, quote(value) + " is not a class");
      } else if (line.name == "STATUS") {
        event.counts = event.counts && !same_letters(value, "CANCELLED");
      } else if (line.name == "TRANSP") {
        event.counts = event.counts && !same_letters(value, "TRANSPARENT");
      }
    }
    const auto summary = only(component, "SUMMARY");
    if (!summary) return tl::unexpected(summary.error());
    if (*summary == nullptr || (*summary)->value.empty()) return {};
    const auto properties = IcalProperties::read(**summary);
    if (!properties) return tl::unexpected(properties.error());
    event.reason = one_line(icalproperty_get_summary(properties->first()));
    if (event.cap) return {};
    const auto cap = cap_of_summary(event.reason);
    if (!cap) return error(**summary, cap.error());
    event.cap = *cap;
    return {};
  }

  Expected<void> read_replacement(const CalendarComponent& component, Event& event) {
    const auto line = only(component, "RECURRENCE-ID");
    if (!line) return tl::unexpected(line.error());
    if (*line == nullptr) return {};
    if ((*line)->text.find("THISANDFUTURE") < (*line)->text.size() - (*line)->value.size()) {
      return error(**line, "with RANGE is not supported");
    }
    const auto time = read_time(**line, zone_);
    if (!time) return tl::unexpected(time.error());
    event.replaces = time->moment();
    if (time->is_date) event.replaces_day = time->day();
    return {};
  }

  Expected<void> read_length(const CalendarComponent& component, const ZonedTime& start,
                             Event& event) {
    const auto end_line = only(component, "DTEND");
    if (!end_line) return tl::unexpected(end_line.error());
    const auto duration_line = only(component, "DURATION");
    if (!duration_line) return tl::unexpected(duration_line.error());
    Expected<Length> length = Length{days(1), 0s};
    if (*end_line != nullptr) {
      if (*duration_line != nullptr) return error(**duration_line, "beside DTEND");
      const auto end = read_time(**end_line, zone_);
      if (!end) return tl::unexpected(end.error());
      length = between(**end_line, start, *end);
    } else if (*duration_line != nullptr) {
      const auto properties = IcalProperties::read(**duration_line);
      if (!properties) return tl::unexpected(properties.error());
      icalvalue* value = icalproperty_get_value(properties->first());
      if (icalvalue_isa(value) != ICAL_DURATION_VALUE) return error(**duration_line, "is none");
      length = to_length(**duration_line, icalvalue_get_duration(value));
    } else if (!start.is_date) {
      return error(component.line, "VEVENT without DTEND or DURATION");
    }
    if (!length) return tl::unexpected(length.error());
    event.length = *length;
    return {};
  }

  Expected<void> read_occurrences(const CalendarComponent& component, const ZonedTime& start,
                                  Event& event) {
    event.singles.push_back(Calendar::occurrence(start.local, start.zone, event.length));
    for (const CalendarLine& line : component.lines) {
      if (line.name == "RRULE") {
        auto rule = read_rule(line, start);
        if (!rule) return tl::unexpected(rule.error());
        event.rules.push_back(std::move(*rule));
      } else if (line.name == "RDATE") {
        const auto times = read_times(line, zone_);
        if (!times) return tl::unexpected(times.error());
        for (const Period& time : *times) {
          if (time.begin.is_date != start.is_date) {
            return error(line, "is not of the same kind as DTSTART");
          }
          event.singles.push_back(Calendar::occurrence(time.begin.local, time.begin.zone,
                                                       time.length.value_or(event.length)));
        }
      } else if (line.name == "EXDATE") {
        const auto times = read_times(line, zone_);
        if (!times) return tl::unexpected(times.error());
        for (const Period& time : *times) {
          if (time.begin.is_date) {
            event.except_days.push_back(time.begin.day());
          } else {
            event.except.push_back(time.begin.moment());
          }
        }
      } else if (line.name == "EXRULE") {
        return error(line, "is not supported");
      }
    }
    return {};
  }

  /// Takes what the events with a RECURRENCE-ID stand for out of their series, whose cap and class
  /// they have where they name none, and sets the file's where nobody does.
  void complete(std::vector<Event>& events) const {
    std::map<std::string_view, Event*> series;
    for (Event& event : events) {
      if (!event.replaces) series.emplace(event.id, &event);
    }
    for (Event& event : events) {
      const auto of = event.replaces ? series.find(event.id) : series.end();
      if (of == series.end()) continue;
      if (event.replaces_day) {
        of->second->except_days.push_back(*event.replaces_day);
      } else {
        of->second->except.push_back(*event.replaces);
      }
      if (!event.cap) event.cap = of->second->cap;
      if (!event.signal_class) event.signal_class = of->second->signal_class;
    }
    for (Event& event : events) {
      event.cap = event.cap.value_or(file_.cap);
      event.signal_class = event.signal_class.value_or(file_.signal_class);
      std::sort(event.except.begin(), event.except.end());
      std::sort(event.except_days.begin(), event.except_days.end());
    }
    std::erase_if(events, [](const Event& event) { return !event.counts; });
  }

  const CalendarFile& file_;
  CalendarZone zone_;  ///< of times without one
  CalendarZone utc_;
  std::map<std::string, const CalendarComponent*, std::less<>> own_zones_;
  std::map<std::string, CalendarZone, std::less<>> zones_;
  std::set<std::pair<std::string, std::optional<WallTime>>> uids_;
  std::size_t steps_ = Calendar::kMaxReadSteps;
};

Calendar::Occurrence Calendar::occurrence(local_seconds begin, const CalendarZone& zone,
                                          const Length& length) {
  return {floor<days>(begin), zone.moment(begin),
          zone.moment(begin + length.on_clock) + length.exact};
}

bool Calendar::Event::is_excepted(const Occurrence& it) const {
  return std::binary_search(except.begin(), except.end(), it.begin) ||
         std::binary_search(except_days.begin(), except_days.end(), it.day);
}

void Calendar::Event::add_to(FirstSignals& signals) const {
  // Of occurrences that begin together the longest counts.
  std::map<WallTime, WallTime> ends;
  const auto add = [&](const Occurrence& it) {
    if (it.begin >= signals.to() || it.end <= signals.from() || is_excepted(it)) return false;
    WallTime& end = ends.try_emplace(it.begin, it.end).first->second;
    end = std::max(end, it.end);
    return true;
  };
  for (const Occurrence& single : singles)
    add(single);
  const local_seconds from(floor<seconds>(signals.from()).time_since_epoch() - kZoneMargin -
                           length.on_clock - length.exact);
  const local_seconds to(ceil<seconds>(signals.to()).time_since_epoch() + kZoneMargin);
  for (const Rule& rule : rules) {
    std::size_t steps = kMaxSteps;
    std::size_t left = signals.most();
    const local_seconds end = std::min(to, rule.last.value_or(to) + 1s);
    rule.recurrence.for_each(from, end, steps, [&](local_seconds begin) {
      const Occurrence it = occurrence(begin, zone, length);
      if (rule.last_moment && it.begin > *rule.last_moment) return false;
      if (it.begin >= signals.to()) return false;
      if (add(it)) --left;
      return left > 0;
    });
  }
  for (const auto& [begin, end] : ends) {
    Signal signal;
    signal.source = Schedule::kSource;
    signal.id = id + "/" + utc_text(begin);
    if (replaces && *replaces != begin) signal.id += "/" + utc_text(*replaces);
    signal.cap = *cap;
    signal.signal_class = *signal_class;
    signal.valid_from = begin;
    signal.valid_until = end;
    signal.reason = reason;
    signals.add(std::move(signal));
  }
}

void Calendar::add_to(FirstSignals& signals) const {
  for (const Event& event : events_)
    event.add_to(signals);
}

tl::expected<Calendar, std::string> Calendar::parse(std::string_view text,
                                                    const CalendarFile& file) {
  const auto in_file = [&](const std::string& what) {
    return "calendar '" + file.name + "' (" + file.path + "): " + one_line(what);
  };
  // Or libical would end the process where it meets what it cannot read.
  icalerror_set_errors_are_fatal(0);
  const auto zone = TimeZone::find(file.zone);
  if (!zone) return tl::unexpected(in_file(zone.error()));
  const auto utc = TimeZone::find("UTC");
  if (!utc) return tl::unexpected(in_file(utc.error()));
  if (text.size() > kMaxBytes) return tl::unexpected(in_file("longer than 1 MiB"));
  return read_components(text)
      .and_then([&](const CalendarComponent& root) {
        return CalendarReader(file, *zone, *utc).read(root);
      })
      .map_error(in_file);
}

tl::expected<Calendar, std::string> Calendar::read(const CalendarFile& file) {
  const auto unreadable = [&](std::string_view why) {
    return tl::unexpected("calendar '" + file.name + "' (" + file.path +
                          "): cannot be read: " + std::string(why));
  };
  std::error_code failure;
  // A pipe would be waited for, for ever.
  if (!std::filesystem::is_regular_file(file.path, failure)) {
    return unreadable(failure ? failure.message() : "not a file");
  }
  std::ifstream stream(file.path, std::ios::binary);
  std::string text(kMaxBytes + 1, '\0');
  if (!stream.read(text.data(), static_cast<std::streamsize>(text.size())) && !stream.eof()) {
    return unreadable(std::generic_category().message(errno));
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return parse(text, file);
}

}  // namespace ebb::throttle
