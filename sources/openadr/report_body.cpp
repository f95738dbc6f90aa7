#include "sources/openadr/report_body.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <string_view>

namespace ebb::sources::openadr {
namespace {

namespace json = boost::json;

constexpr std::string_view kOk = "OK", kEstimated = "ESTIMATED", kMissing = "MISSING";
constexpr double kWhole = 0.95;  // of the time: nearly every second has its sample
constexpr double kFull = 0.999;

struct Figure {
  json::value value;
  std::string_view quality = kOk;
};

/// What figures are made of.
struct Facts {
  const ReportDescriptor& descriptor;
  const Span& span;
  PowerHistory& history;
  const std::optional<Telemetry>& telemetry;

  std::optional<double> watts_now() const {
    if (!telemetry || !telemetry->power) return std::nullopt;
    return telemetry->power->watts;
  }
  const throttle::Plant* plant() const { return telemetry ? &telemetry->plant : nullptr; }
  double hours() const {
    return std::chrono::duration<double, std::ratio<3600>>(span.until - span.from).count();
  }
};

double rounded(double number) {
  return std::round(number * 1e6) / 1e6;
}

Figure missing() {
  return {0, kMissing};
}

std::string_view quality_of(const PowerPast& past) {
  if (past.measured <= 0) return kMissing;
  return past.estimated || past.measured < kWhole ? kEstimated : kOk;
}

Figure demand(const Facts& facts) {
  const PowerPast past = facts.history.over(facts.span);
  const bool peak = facts.descriptor.reading_type == "PEAK";
  return {rounded((peak ? past.most_watts : past.mean_watts) / 1000), quality_of(past)};
}

/// Of the time without samples nothing is known, so it is not counted.
Figure usage(const Facts& facts) {
  const PowerPast past = facts.history.over(facts.span);
  return {rounded(past.mean_watts * past.measured * facts.hours() / 1000), quality_of(past)};
}

Figure reading(const Facts& facts) {
  return facts.descriptor.units == "KWH" ? usage(facts) : demand(facts);
}

Figure baseline(const Facts& facts) {
  if (const auto watts = baseline_watts(facts.history, facts.span)) {
    return {rounded(*watts / 1000), kEstimated};
  }
  const throttle::Plant* plant = facts.plant();
  if (plant == nullptr || !plant->full_watts) return missing();
  return {rounded(*plant->full_watts / 1000), kEstimated};
}

/// What was allowed: a share, or the power that it stands for.
Figure setpoint(const Facts& facts) {
  const PowerPast past = facts.history.over(facts.span);
  if (past.known <= 0) return missing();
  const throttle::Plant* plant = facts.plant();
  if (facts.descriptor.units != "KW") return {rounded(past.mean_limit), kOk};
  if (plant == nullptr || !plant->full_watts) return missing();
  const double idle = plant->idle_watts.value_or(0);
  return {rounded((idle + past.mean_limit * (*plant->full_watts - idle)) / 1000), kEstimated};
}

Figure operating_state(const Facts& facts) {
  const PowerPast past = facts.history.over(facts.span);
  if (past.known <= 0) return {"NORMAL", kMissing};
  const bool curtailed = past.mean_limit < kFull;
  if (past.hashed > 0) return {curtailed ? "RUNNING_CURTAILED" : "RUNNING_NORMAL"};
  return {curtailed ? "IDLE_CURTAILED" : "IDLE_NORMAL"};
}

Figure sheddable(const Facts& facts) {
  const auto watts = facts.watts_now();
  if (!watts) return missing();
  const throttle::Plant* plant = facts.plant();
  const double idle = plant == nullptr ? 0 : plant->idle_watts.value_or(0);
  return {rounded(std::max(0.0, *watts - idle) / 1000), kEstimated};
}

struct ReportType {
  std::string_view type;
  Figure (*figure)(const Facts& facts);
  std::string_view units;    ///< empty: none, or the descriptor's
  std::string_view reading;  ///< unless the descriptor says
  bool ahead = false;        ///< of the future, too
};

constexpr std::array kTypes{
    ReportType{"DEMAND", demand, "KW", "MEAN"},
    ReportType{"USAGE", usage, "KWH", "DIRECT_READ"},
    ReportType{"READING", reading, "", "DIRECT_READ"},
    ReportType{"BASELINE", baseline, "KW", "ESTIMATED", true},
    ReportType{"SETPOINT", setpoint, "", "MEAN"},
    ReportType{"OPERATING_STATE", operating_state, "", "DIRECT_READ"},
    ReportType{"LOAD_SHED_DELTA_AVAILABLE", sheddable, "KW", "ESTIMATED", true},
};

const ReportType* find_type(const ReportDescriptor& descriptor) {
  const auto* found = std::find_if(kTypes.begin(), kTypes.end(), [&](const ReportType& it) {
    return it.type == descriptor.type;
  });
  return found == kTypes.end() ? nullptr : found;
}

std::string_view units_of(const ReportType& type, const ReportDescriptor& descriptor) {
  if (!type.units.empty()) return type.units;
  if (type.type == "SETPOINT") return descriptor.units == "KW" ? "KW" : "PERCENT";
  if (type.type == "READING") return descriptor.units == "KWH" ? "KWH" : "KW";
  return {};
}

json::object period_of(const Span& span) {
  return {{"start", date_time_text(span.from)},
          {"duration", duration_text(span.until - span.from)}};
}

json::object payload(std::string_view type, json::value value) {
  return {{"type", json::string_view(type.data(), type.size())},
          {"values", json::array{std::move(value)}}};
}

}  // namespace

bool can_report(const ReportDescriptor& descriptor) {
  const ReportType* type = find_type(descriptor);
  if (type == nullptr || (!descriptor.historical && !type->ahead)) return false;
  if (type->type == "READING") {
    return descriptor.units.empty() || descriptor.units == "KW" || descriptor.units == "KWH";
  }
  return true;
}

std::string report_body(const Event& event, const ReportDescriptor& descriptor,
                        const DueReport& due, const Identity& identity, PowerHistory& history,
                        const std::optional<Telemetry>& telemetry) {
  const ReportType& type = *find_type(descriptor);
  json::array intervals;
  bool measured = true;
  for (const ReportedInterval& interval : due.intervals) {
    const Figure figure = type.figure({descriptor, interval.span, history, telemetry});
    measured = measured && figure.quality == kOk;
    const std::string_view quality = figure.quality;
    intervals.push_back(json::object{
        {"id", interval.id},
        {"intervalPeriod", period_of(interval.span)},
        {"payloads",
         json::array{payload(type.type, figure.value),
                     payload("DATA_QUALITY", json::string_view(quality.data(), quality.size()))}}});
  }
  std::string_view kind = type.reading;
  if (descriptor.reading_type == "PEAK" && type.type == "DEMAND") kind = "PEAK";
  if (!measured) kind = "ESTIMATED";
  json::object described{{"payloadType", descriptor.type},
                         {"readingType", json::string_view(kind.data(), kind.size())}};
  if (const std::string_view units = units_of(type, descriptor); !units.empty()) {
    described["units"] = json::string_view(units.data(), units.size());
  }
  json::object body{
      {"eventID", event.id},
      {"clientName", identity.ven},
      {"reportName", "ebb " + descriptor.type + " " + std::to_string(due.number)},
      {"payloadDescriptors", json::array{std::move(described)}},
      {"resources",
       json::array{json::object{
           {"resourceName", descriptor.aggregate ? "AGGREGATED_REPORT" : identity.resource},
           {"intervals", std::move(intervals)}}}}};
  if (identity.before_31) body["programID"] = event.program_id;
  return json::serialize(body);
}

}  // namespace ebb::sources::openadr
