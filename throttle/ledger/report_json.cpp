#include <boost/json.hpp>

#include "throttle/ledger/event_report.h"
#include "throttle/ledger/report_text.h"

namespace ebb::throttle {
namespace {

namespace json = boost::json;

json::value number(const std::optional<double>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::value time(const std::optional<WallTime>& at) {
  return at ? json::value(iso_text(*at)) : json::value(nullptr);
}

json::object limit(const Limit& of) {
  return {{"text", text(of)},
          {"fraction", of.fraction},
          {"watts", number(of.watts)},
          {"hps", number(of.hps)}};
}

json::array periods(const std::vector<Period>& all) {
  json::array result;
  for (const Period& period : all) {
    result.push_back(json::object{
        {"from", iso_text(period.from)}, {"until", iso_text(period.until)}, {"text", period.text}});
  }
  return result;
}

json::object event_json(const EventReport& event) {
  json::array requests(event.requests.begin(), event.requests.end());
  json::array points;
  for (const PowerPoint& point : event.points) {
    points.push_back(json::object{{"at", iso_text(point.at)},
                                  {"hps", point.hps},
                                  {"limit_fraction", point.limit_fraction},
                                  {"watts", number(point.watts)}});
  }
  return {{"event", event.event},
          {"began", iso_text(event.began)},
          {"ended", time(event.ended)},
          {"requests", std::move(requests)},
          {"lowest_limit", limit(event.lowest)},
          {"requested", time(event.requested)},
          {"received", time(event.received)},
          {"reached", time(event.reached)},
          {"time_to_zero_ms",
           event.time_to_zero ? json::value(event.time_to_zero->count()) : json::value(nullptr)},
          {"baseline_watts", number(event.baseline_watts)},
          {"baseline_method", event.baseline_method},
          {"mean_watts", number(event.mean_watts)},
          {"energy_not_used_kwh", number(event.energy_not_used_kwh)},
          {"meter", event.meter},
          {"estimated", event.estimated},
          {"restarts", event.restarts},
          {"violations", periods(event.violations)},
          {"gaps", periods(event.gaps)},
          {"points", std::move(points)}};
}

}  // namespace

std::string to_json(std::span<const EventReport> events) {
  json::array all;
  for (const EventReport& event : events)
    all.push_back(event_json(event));
  return json::serialize(json::object{{"events", std::move(all)}}) + "\n";
}

}  // namespace ebb::throttle
