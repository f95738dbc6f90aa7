#include "throttle/schedule/calendar_times.h"

#include <algorithm>
#include <utility>

#include "throttle/schedule/calendar_values.h"

namespace ebb::throttle {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::seconds;

namespace {

template <class T>
using Expected = tl::expected<T, std::string>;

constexpr std::chrono::years kMaxLength{10'000};
/// A zone that a file defines is known for these years.
constexpr local_days kZoneBegin{std::chrono::year(1900) / 1 / 1};
constexpr local_days kZoneEnd{std::chrono::year(2100) / 1 / 1};

/// A zone is defined in its own local time, whatever a TZID there says.
CalendarLine without_parameters(CalendarLine line) {
  line.text = line.name + ":" + line.value;
  return line;
}

std::string without_until(const std::string& rule) {
  std::string result = rule;
  for (const char* name : {"UNTIL=", "until="}) {
    const std::size_t at = result.find(name);
    if (at != std::string::npos) result.erase(at, result.find(';', at) - at);
  }
  return result;
}

}  // namespace

tl::unexpected<std::string> fault(int line, std::string_view what) {
  return tl::unexpected(at_line(line, what));
}
tl::unexpected<std::string> fault(const CalendarLine& line, std::string_view what) {
  return fault(line.number, line.name + " " + std::string(what));
}

Expected<const CalendarLine*> only_line(const CalendarComponent& component, std::string_view name) {
  const CalendarLine* found = nullptr;
  for (const CalendarLine& line : component.lines) {
    if (line.name != name) continue;
    if (found != nullptr) return fault(line, "for the second time");
    found = &line;
  }
  return found;
}

Expected<const CalendarLine*> required_line(const CalendarComponent& component,
                                            std::string_view name) {
  auto line = only_line(component, name);
  if (line && *line == nullptr) {
    return fault(component.line, component.name + " without " + std::string(name));
  }
  return line;
}

Expected<CalendarZone> CalendarTimes::find_zone(const std::string& name) {
  if (name.empty()) return tl::unexpected<std::string>("no time zone ''");
  if (const auto known = zones_.find(name); known != zones_.end()) return known->second;
  auto zone = look_up_zone(name);
  if (zone) zones_.emplace(name, *zone);
  return zone;
}

Expected<CalendarZone> CalendarTimes::look_up_zone(const std::string& name) {
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

Expected<CalendarZone> CalendarTimes::read_zone(const CalendarComponent& component) {
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
    const auto start_line = required_line(part, "DTSTART");
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
          const bool over =
              (rule->last && local > *rule->last) || (rule->last_moment && at > *rule->last_moment);
          if (!over) add(local);
          return !over;
        });
        if (steps_ == 0) return fault(line, "recurs too often");
      }
    }
  }
  if (onsets.empty()) return fault(component.line, "VTIMEZONE without STANDARD or DAYLIGHT");
  std::stable_sort(onsets.begin(), onsets.end(),
                   [](const Onset& a, const Onset& b) { return a.at < b.at; });
  std::vector<ClockChange> changes{{onsets.front().at, onsets.front().before}};
  for (const Onset& onset : onsets)
    changes.push_back({onset.at, onset.after});
  return CalendarZone(std::move(changes));
}

Expected<seconds> CalendarTimes::read_offset(const CalendarComponent& part, std::string_view name) {
  const auto line = required_line(part, name);
  if (!line) return tl::unexpected(line.error());
  const auto offset = parse_offset(trimmed((*line)->value));
  if (!offset) return fault(**line, "is not an offset such as +0600");
  return *offset;
}

Expected<std::vector<CalendarTimes::Period>> CalendarTimes::read_times(
    const CalendarLine& line, const CalendarZone& floating) {
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
        return fault(line, "is not a date or time");
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

Expected<ZonedTime> CalendarTimes::read_time(const CalendarLine& line,
                                             const CalendarZone& floating) {
  const auto times = read_times(line, floating);
  if (!times) return tl::unexpected(times.error());
  if (times->size() != 1 || times->front().length) return fault(line, "is not one date or time");
  return times->front().begin;
}

Expected<ZonedTime> CalendarTimes::to_time(const CalendarLine& line, icalproperty* property,
                                           const icaltimetype& time, const CalendarZone& floating) {
  const auto local = to_local(time);
  if (!local) return fault(line, quote(line.value) + ": no such date or time");
  const bool is_date = time.is_date != 0;
  if (icaltime_is_utc(time)) return ZonedTime{*local, is_date, "UTC", utc_};
  icalparameter* parameter = icalproperty_get_first_parameter(property, ICAL_TZID_PARAMETER);
  if (parameter == nullptr || is_date) return ZonedTime{*local, is_date, {}, floating};
  const char* tzid = icalparameter_get_tzid(parameter);
  const std::string name = tzid == nullptr ? "" : tzid;
  auto zone = find_zone(name);
  if (!zone) return fault(line, zone.error());
  return ZonedTime{*local, is_date, name, std::move(*zone)};
}

Expected<CalendarTimes::Length> CalendarTimes::between(const CalendarLine& line,
                                                       const ZonedTime& begin,
                                                       const ZonedTime& end) {
  if (begin.is_date != end.is_date) return fault(line, "is not of the same kind as DTSTART");
  Length length;
  if (begin.zone_name == end.zone_name) {
    length.on_clock = end.local - begin.local;
  } else {
    length.exact = floor<seconds>(end.moment() - begin.moment());
  }
  return checked(line, length);
}

Expected<CalendarTimes::Length> CalendarTimes::to_length(const CalendarLine& line,
                                                         const icaldurationtype& duration) {
  if (duration.is_neg || has_long_number(line.value, 8)) return fault(line, "is out of range");
  return checked(line, {days(7LL * duration.weeks + duration.days),
                        std::chrono::hours(duration.hours) +
                            std::chrono::minutes(duration.minutes) + seconds(duration.seconds)});
}

Expected<CalendarTimes::Length> CalendarTimes::checked(const CalendarLine& line,
                                                       const Length& length) {
  if (length.on_clock + length.exact <= 0s) return fault(line, "ends before it begins");
  if (length.on_clock + length.exact > kMaxLength) return fault(line, "is out of range");
  return length;
}

Expected<Calendar::Rule> CalendarTimes::read_rule(const CalendarLine& line,
                                                  const ZonedTime& start) {
  const auto properties = IcalProperties::read(line);
  if (!properties) return tl::unexpected(properties.error());
  icalvalue* value = icalproperty_get_value(properties->first());
  if (icalvalue_isa(value) != ICAL_RECUR_VALUE) return fault(line, "is not a rule");
  const icalrecurrencetype recur = icalvalue_get_recur(value);
  if (has_long_number(without_until(line.value), 4)) return fault(line, "has too large a number");

  auto rule = to_rule(recur);
  if (!rule) return fault(line, rule.error());
  if (start.is_date) {
    if (rule->frequency == Frequency::hourly) return fault(line, "by the hour of whole days");
    rule->hours.clear();  // RFC 5545: to be ignored
    rule->minutes.clear();
    rule->seconds.clear();
  }
  auto recurrence = Recurrence::make(std::move(*rule), start.local);
  if (!recurrence) return fault(line, recurrence.error());
  Calendar::Rule result{std::move(*recurrence), std::nullopt, std::nullopt};

  if (!icaltime_is_null_time(recur.until)) {
    const auto until = to_local(recur.until);
    if (!until) return fault(line, "has no such date or time in UNTIL");
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
    if (steps_ == 0) return fault(line, "recurs too often");
  }
  return result;
}

}  // namespace ebb::throttle
