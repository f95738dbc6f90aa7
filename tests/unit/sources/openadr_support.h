#pragma once
// Events as a VTN would send them, and times to look at them.

#include <string>
#include <string_view>
#include <vector>

#include "sources/openadr/event_plan.h"
#include "tests/unit/catch.h"

namespace ebb::sources::openadr {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using throttle::DutyCap;
using throttle::PowerCap;
using throttle::Signal;
using throttle::SignalClass;

/// 2026-02-01 00:00 UTC.
inline constexpr WallTime kDay{std::chrono::sys_days(std::chrono::year(2026) / 2 / 1)};

inline std::vector<Event> events_of(const std::string& json) {
  const auto page = parse_events(json);
  REQUIRE(page);
  return page->items;
}

inline Event event_of(const std::string& members) {
  const auto events = events_of("[{\"id\":\"e1\",\"programID\":\"p1\"," + members + "}]");
  REQUIRE(events.size() == 1);
  return events.front();
}

/// "{"id":0,"payloads":[{"type":TYPE,"values":[VALUES]}]MORE}"
inline std::string interval(const std::string& type, const std::string& values,
                            const std::string& more = "") {
  return "{\"id\":0,\"payloads\":[{\"type\":\"" + type + "\",\"values\":[" + values + "]}]" +
         (more.empty() ? "" : "," + more) + "}";
}

inline std::string period(const std::string& start, const std::string& duration,
                          const std::string& more = "") {
  return "\"intervalPeriod\":{\"start\":\"" + start + "\"" +
         (duration.empty() ? "" : ",\"duration\":\"" + duration + "\"") + more + "}";
}

inline Plan plan_of(const std::vector<Event>& events, WallTime now, PlanSettings settings = {},
                    Site site = {}, const std::vector<Program>& programs = {}) {
  return make_plan(settings, programs, events, {}, site, now);
}

/// The least fraction or watts that the signals allow at a time; nothing: they allow all.
inline std::optional<double> cap_at(const Plan& plan, WallTime time) {
  std::optional<double> least;
  for (const Signal& signal : plan.signals) {
    if (signal.valid_from > time || (signal.valid_until && *signal.valid_until <= time)) continue;
    const double value = std::visit(
        [](const auto& cap) {
          const auto& [number] = cap;
          return number;
        },
        signal.cap);
    least = std::min(least.value_or(value), value);
  }
  return least;
}

}  // namespace ebb::sources::openadr
