#pragma once
// What the fuzzer of a VTN's answers does with its bytes. The unit tests replay its corpus.

#include <chrono>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "sources/openadr/event_plan.h"
#include "sources/openadr/mqtt_hints.h"
#include "sources/openadr/report_schedule.h"
#include "throttle/signal_book.h"

namespace ebb::sources::openadr {

/// Whatever a VTN says as events, of it come signals that the book takes, as many as are allowed,
/// the same ones each time, and reports within bounds.
inline void fuzz_openadr(std::string_view data) {
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  };
  static_cast<void>(parse_named(data, "venName"));
  static_cast<void>(parse_notifiers(data));
  must(parse_topics(data).size() <= 8, "topics");
  const auto programs = parse_programs(data);
  const auto page = parse_events(data);
  must(programs.has_value() == page.has_value(), "an array or none");
  if (!page) return;
  must(page->items.size() <= page->count, "number");

  const WallTime now{std::chrono::sys_days(std::chrono::year(2026) / 2 / 1) +
                     std::chrono::hours(12)};
  PlanSettings settings;
  settings.seed = "rig";
  settings.subscription = 5000;
  settings.caps.control_setpoint = SetpointMeaning::relative;
  settings.caps.offset_percent = OffsetSign::negative_sheds;
  settings.caps.strikes = {.price = 0.1, .export_price = 0.2, .ghg = 300, .currency = "USD"};
  Site site;
  site.other_watts = 700;
  site.full_watts = 3000;
  for (const bool limits_void : {false, true}) {
    site.limits_void = limits_void;
    const Plan plan = make_plan(settings, programs->items, page->items, {}, site, now);
    must(plan.signals.size() <= kMaxSignals, "number of signals");
    throttle::SignalBook book;
    std::set<std::string> ids;
    WallTime before = WallTime::min();
    for (throttle::Signal signal : plan.signals) {
      must(signal.valid_from >= before, "in order");
      must(!signal.valid_until || *signal.valid_until > now, "none that is over");
      must(ids.insert(signal.id).second, "an id each");
      before = signal.valid_from;
      signal.source = "utility";
      must(book.accept({{}, now, true}, signal).has_value(), "a signal that makes sense");
    }
    must(make_plan(settings, programs->items, page->items, {}, site, now).signals == plan.signals,
         "the same again");
  }
  for (const Event& event : page->items) {
    for (const ReportDescriptor& descriptor : event.reports) {
      const auto due = due_report(event, descriptor, {"rig", now}, {}, now);
      if (!due) continue;
      must(due->number >= 0, "number of a report");
      must(!due->intervals.empty() && due->intervals.size() <= kMaxReportIntervals,
           "intervals of a report");
      must(!due_report(event, descriptor, {"rig", now}, {due->number, now}, now), "sent once");
    }
  }
}

}  // namespace ebb::sources::openadr
