#include "sources/mqtt/rig_state.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "core/printable.h"
#include "sources/mqtt/mqtt_feed.h"
#include "throttle/schedule/time_zone.h"

namespace ebb::sources {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxReasons = 16;

json::value time_json(const std::optional<throttle::WallTime>& time) {
  return time ? json::value(throttle::utc_text(*time)) : json::value(nullptr);
}

/// To a tenth of a percent.
double percent(double fraction) {
  return std::round(1000 * fraction) / 10;
}

json::object reason_json(const throttle::Reason& reason) {
  json::object object{{"source", core::printable(reason.source)},
                      {"limit", text(reason.limit)},
                      {"text", core::printable(reason.text)}};
  if (reason.signal_class) object["class"] = name(*reason.signal_class);
  if (reason.until) object["until"] = time_json(reason.until);
  if (reason.overridden) object["overridden"] = true;
  return object;
}

/// The cap of a command that stands, by the text that it was given; 1 without one.
double commanded(const throttle::Decision& decision, std::string_view source,
                 std::string_view text) {
  for (const throttle::Reason& reason : decision.reasons) {
    if (reason.source == source && reason.text.find(text) != std::string::npos) {
      return reason.limit.fraction;
    }
  }
  return 1;
}

}  // namespace

std::string rig_state(const Telemetry& telemetry, std::string_view rig, std::string_view source) {
  const throttle::Decision& decision = telemetry.decision;
  json::array reasons;
  for (const throttle::Reason& reason : decision.reasons) {
    if (reasons.size() < kMaxReasons) reasons.emplace_back(reason_json(reason));
  }
  const bool held = commanded(decision, source, MqttFeed::kSetHoldReason) < 1;
  const double set_cap = commanded(decision, source, MqttFeed::kSetCapReason);
  json::object state{{"rig", core::printable(rig)},
                     {"at", time_json(telemetry.now.wall)},
                     {"state", name(decision.state)},
                     {"cap", percent(telemetry.fraction)},
                     {"limit", text(decision.limit)},
                     {"reasons", std::move(reasons)},
                     {"hashrate", std::round(telemetry.hps)},
                     {"watts", nullptr},
                     {"event", decision.event},
                     {"earliest_return", time_json(decision.earliest_return)},
                     {"hold", held ? "ON" : "OFF"},
                     {"set_cap", percent(set_cap)}};
  if (telemetry.power) state["watts"] = std::round(10 * telemetry.power->watts) / 10;
  return json::serialize(state);
}

std::string state_change(const Telemetry& telemetry) {
  const throttle::Decision& decision = telemetry.decision;
  std::string change = std::string(name(decision.state)) + '\n' + std::to_string(decision.event);
  if (decision.state != throttle::State::ramping) change += '\n' + text(decision.limit);
  for (const throttle::Reason& reason : decision.reasons)
    change += '\n' + reason.source + '\n' + text(reason.limit);
  return change;
}

}  // namespace ebb::sources
