#include "throttle/schedule/calendar_reader.h"

#include <algorithm>
#include <string_view>

#include "throttle/schedule/calendar_values.h"

namespace ebb::throttle {

using namespace std::chrono_literals;
using std::chrono::days;

namespace {

template <class T>
using Expected = tl::expected<T, std::string>;

}  // namespace

Expected<Calendar> CalendarReader::read(const CalendarComponent& root) {
  if (root.parts.empty()) return tl::unexpected<std::string>("no VCALENDAR in it");
  std::vector<const CalendarComponent*> components;
  for (const CalendarComponent& calendar : root.parts) {
    if (calendar.name != "VCALENDAR") {
      return fault(calendar.line, "BEGIN:" + quote(calendar.name) + " outside a VCALENDAR");
    }
    for (const CalendarComponent& component : calendar.parts) {
      if (component.name == "VEVENT") components.push_back(&component);
      if (component.name != "VTIMEZONE") continue;
      for (const CalendarLine& line : component.lines) {
        if (line.name == "TZID") times_.add_zone(line.value, component);
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

Expected<Calendar::Event> CalendarReader::read_event(const CalendarComponent& component) {
  const auto uid = required_line(component, "UID");
  if (!uid) return tl::unexpected(uid.error());
  const std::string& name = (*uid)->value;
  if (name.empty() || name.size() > Calendar::kMaxUidBytes) {
    return fault(**uid, "is empty or longer than " + std::to_string(Calendar::kMaxUidBytes));
  }
  const auto start_line = required_line(component, "DTSTART");
  if (!start_line) return tl::unexpected(start_line.error());
  const auto start = times_.read_time(**start_line, zone_);
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
    return fault(**uid, quote(name) + " for the second time");
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

Expected<void> CalendarReader::read_meaning(const CalendarComponent& component,
                                            Event& event) const {
  event.reason = file_.name;
  for (const CalendarLine& line : component.lines) {
    const std::string_view value = trimmed(line.value);
    if (line.name == "X-EBB-CAP") {
      if (event.cap) return fault(line, "for the second time");
      const auto cap = parse_cap(value);
      if (!cap) return fault(line, cap.error());
      event.cap = *cap;
    } else if (line.name == "X-EBB-CLASS") {
      event.signal_class = parse_signal_class(value);
      if (!event.signal_class) return fault(line, quote(value) + " is not a class");
    } else if (line.name == "STATUS") {
      event.counts = event.counts && !same_letters(value, "CANCELLED");
    } else if (line.name == "TRANSP") {
      event.counts = event.counts && !same_letters(value, "TRANSPARENT");
    }
  }
  const auto summary = only_line(component, "SUMMARY");
  if (!summary) return tl::unexpected(summary.error());
  if (*summary == nullptr || (*summary)->value.empty()) return {};
  const auto properties = IcalProperties::read(**summary);
  if (!properties) return tl::unexpected(properties.error());
  event.reason = one_line(icalproperty_get_summary(properties->first()));
  if (event.cap) return {};
  const auto cap = cap_of_summary(event.reason);
  if (!cap) return fault(**summary, cap.error());
  event.cap = *cap;
  return {};
}

Expected<void> CalendarReader::read_replacement(const CalendarComponent& component, Event& event) {
  const auto line = only_line(component, "RECURRENCE-ID");
  if (!line) return tl::unexpected(line.error());
  if (*line == nullptr) return {};
  if ((*line)->text.find("THISANDFUTURE") < (*line)->text.size() - (*line)->value.size()) {
    return fault(**line, "with RANGE is not supported");
  }
  const auto time = times_.read_time(**line, zone_);
  if (!time) return tl::unexpected(time.error());
  event.replaces = time->moment();
  if (time->is_date) event.replaces_day = time->day();
  return {};
}

Expected<void> CalendarReader::read_length(const CalendarComponent& component,
                                           const ZonedTime& start, Event& event) {
  const auto end_line = only_line(component, "DTEND");
  if (!end_line) return tl::unexpected(end_line.error());
  const auto duration_line = only_line(component, "DURATION");
  if (!duration_line) return tl::unexpected(duration_line.error());
  Expected<Length> length = Length{days(1), 0s};
  if (*end_line != nullptr) {
    if (*duration_line != nullptr) return fault(**duration_line, "beside DTEND");
    const auto end = times_.read_time(**end_line, zone_);
    if (!end) return tl::unexpected(end.error());
    length = CalendarTimes::between(**end_line, start, *end);
  } else if (*duration_line != nullptr) {
    const auto properties = IcalProperties::read(**duration_line);
    if (!properties) return tl::unexpected(properties.error());
    icalvalue* value = icalproperty_get_value(properties->first());
    if (icalvalue_isa(value) != ICAL_DURATION_VALUE) return fault(**duration_line, "is none");
    length = CalendarTimes::to_length(**duration_line, icalvalue_get_duration(value));
  } else if (!start.is_date) {
    return fault(component.line, "VEVENT without DTEND or DURATION");
  }
  if (!length) return tl::unexpected(length.error());
  event.length = *length;
  return {};
}

Expected<void> CalendarReader::read_occurrences(const CalendarComponent& component,
                                                const ZonedTime& start, Event& event) {
  event.singles.push_back(Calendar::occurrence(start.local, start.zone, event.length));
  for (const CalendarLine& line : component.lines) {
    if (line.name == "RRULE") {
      auto rule = times_.read_rule(line, start);
      if (!rule) return tl::unexpected(rule.error());
      event.rules.push_back(std::move(*rule));
    } else if (line.name == "RDATE") {
      const auto times = times_.read_times(line, zone_);
      if (!times) return tl::unexpected(times.error());
      for (const Period& time : *times) {
        if (time.begin.is_date != start.is_date) {
          return fault(line, "is not of the same kind as DTSTART");
        }
        event.singles.push_back(Calendar::occurrence(time.begin.local, time.begin.zone,
                                                     time.length.value_or(event.length)));
      }
    } else if (line.name == "EXDATE") {
      const auto times = times_.read_times(line, zone_);
      if (!times) return tl::unexpected(times.error());
      for (const Period& time : *times) {
        if (time.begin.is_date) {
          event.except_days.push_back(time.begin.day());
        } else {
          event.except.push_back(time.begin.moment());
        }
      }
    } else if (line.name == "EXRULE") {
      return fault(line, "is not supported");
    }
  }
  return {};
}

void CalendarReader::complete(std::vector<Event>& events) const {
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

}  // namespace ebb::throttle
