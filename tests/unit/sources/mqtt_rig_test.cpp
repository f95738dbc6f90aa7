#include <boost/json.hpp>
#include <set>

#include "sources/mqtt/broker_address.h"
#include "sources/mqtt/home_assistant.h"
#include "sources/mqtt/mqtt_feed.h"
#include "sources/mqtt/rig_state.h"
#include "tests/unit/catch.h"

using namespace ebb;
using namespace ebb::sources;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

Telemetry example() {
  Telemetry telemetry;
  telemetry.now.wall = throttle::WallTime(1'800'000'000s);
  telemetry.decision.state = throttle::State::limited;
  telemetry.decision.event = 7;
  telemetry.decision.limit.fraction = 0.4;
  telemetry.decision.earliest_return = throttle::WallTime(1'800'000'600s);
  throttle::Reason reason;
  reason.source = "site";
  reason.signal_class = throttle::SignalClass::mandatory;
  reason.limit.fraction = 0.4;
  reason.text = "mandatory 40%: evening peak";
  telemetry.decision.reasons.push_back(reason);
  telemetry.hps = 12345678.4;
  telemetry.fraction = 0.4;
  return telemetry;
}

throttle::Reason command(std::string_view text, double fraction) {
  throttle::Reason reason;
  reason.source = "site";
  reason.signal_class = throttle::SignalClass::by_operator;
  reason.limit.fraction = fraction;
  reason.text = "operator: " + std::string(text);
  return reason;
}

json::object state_of(const Telemetry& telemetry) {
  return json::parse(rig_state(telemetry, "rig1", "site")).as_object();
}

}  // namespace

TEST_CASE("mqtt rig: its state as one object") {
  Telemetry telemetry = example();
  json::object state = state_of(telemetry);
  CHECK(state["rig"] == "rig1");
  CHECK(state["at"] == "2027-01-15T08:00:00Z");
  CHECK(state["state"].as_string() == throttle::name(throttle::State::limited));
  CHECK(state["cap"] == 40.0);
  CHECK(state["limit"] == "40%");
  CHECK(state["hashrate"] == 12345678.0);
  CHECK(state["watts"].is_null());
  CHECK(state["event"] == 7);
  CHECK(state["earliest_return"] == "2027-01-15T08:10:00Z");
  CHECK(state["hold"] == "OFF");
  CHECK(state["set_cap"] == 100.0);
  const json::object& reason = state["reasons"].at(0).as_object();
  CHECK(reason.at("source") == "site");
  CHECK(reason.at("class") == "mandatory");
  CHECK(reason.at("text") == "mandatory 40%: evening peak");

  throttle::PowerReading power;
  power.watts = 1234.56;
  telemetry.power = power;
  CHECK(state_of(telemetry)["watts"] == 1234.6);
}

TEST_CASE("mqtt rig: the commands that stand are shown as they were given") {
  Telemetry telemetry = example();
  telemetry.decision.reasons.push_back(command(MqttFeed::kSetCapReason, 0.25));
  CHECK(state_of(telemetry)["set_cap"] == 25.0);
  CHECK(state_of(telemetry)["hold"] == "OFF");
  telemetry.decision.reasons.push_back(command(MqttFeed::kSetHoldReason, 0));
  CHECK(state_of(telemetry)["hold"] == "ON");
  for (throttle::Reason& reason : telemetry.decision.reasons)
    reason.source = "another source";
  CHECK(state_of(telemetry)["hold"] == "OFF");
}

TEST_CASE("mqtt rig: what it tells is bounded and one line") {
  Telemetry telemetry = example();
  throttle::Reason& first = telemetry.decision.reasons.front();
  first.text = std::string(5000, 'x') + "\n\x1b[31m";
  for (int i = 0; i < 100; ++i)
    telemetry.decision.reasons.push_back(telemetry.decision.reasons.front());
  const std::string text = rig_state(telemetry, std::string(5000, 'r'), "site");
  CHECK(text.size() < 8192);
  CHECK(json::parse(text).at("reasons").as_array().size() == 16);
}

TEST_CASE("mqtt rig: the steps of a ramp and the seconds of a wait are no change") {
  Telemetry telemetry = example();
  const std::string limited = state_change(telemetry);
  telemetry.hps = 0;
  telemetry.now.wall += 1s;
  telemetry.decision.reasons[0].text = "after an outage: mains good for 3 of 300 s";
  CHECK(state_change(telemetry) == limited);
  telemetry.decision.limit.fraction = 0.3;
  CHECK(state_change(telemetry) != limited);
  telemetry.decision.state = throttle::State::ramping;
  const std::string ramping = state_change(telemetry);
  telemetry.decision.limit.fraction = 0.35;
  CHECK(state_change(telemetry) == ramping);
  telemetry.decision.reasons.clear();
  CHECK(state_change(telemetry) != ramping);
}

TEST_CASE("home assistant: a number, a switch and sensors of one device") {
  const RigTopics topics{"ebb/rig 1"};
  const auto all = announcements(topics, "rig 1", "homeassistant", 60s);
  REQUIRE(all.size() == 5);
  std::set<std::string> ids;
  for (const Announcement& announcement : all) {
    CAPTURE(announcement.topic);
    json::object config = json::parse(announcement.payload).as_object();
    CHECK(announcement.topic.find(' ') == std::string::npos);
    CHECK(announcement.topic.ends_with("/config"));
    CHECK(config["availability_topic"] == "ebb/rig 1/availability");
    CHECK(config["state_topic"] == "ebb/rig 1/state");
    CHECK(config["device"].at("identifiers").at(0) == "ebb_rig_1");
    CHECK(config["device"].at("name") == "rig 1");
    ids.insert(std::string(config["unique_id"].as_string()));
    const bool sensor = announcement.topic.starts_with("homeassistant/sensor/");
    CHECK(config.contains("expire_after") == sensor);
    CHECK(config.contains("command_topic") != sensor);
  }
  CHECK(ids.size() == 5);
  CHECK(all[0].topic == "homeassistant/number/ebb_rig_1/cap/config");
  CHECK(json::parse(all[0].payload).at("command_topic") == "ebb/rig 1/cap/set");
  CHECK(all[1].topic == "homeassistant/switch/ebb_rig_1/hold/config");
  CHECK(json::parse(all[1].payload).at("command_topic") == "ebb/rig 1/hold/set");
}

TEST_CASE("broker address: schemes, ports and what is none") {
  CHECK(text(*parse_broker("mqtts://broker.example")) == "mqtts://broker.example:8883");
  CHECK(text(*parse_broker("mqtt://10.0.0.1/")) == "mqtt://10.0.0.1:1883");
  CHECK(text(*parse_broker("mqtts://[fd00::1]:18883")) == "mqtts://[fd00::1]:18883");
  CHECK(parse_broker("mqtts://[fd00::1]")->host == "fd00::1");
  for (const char* bad : {"", "broker", "tcp://broker", "mqtt://", "mqtt://:1883", "mqtt://a:",
                          "mqtt://a:0", "mqtt://a:65536", "mqtt://a:1x", "mqtt://user@a",
                          "mqtt://a/b", "mqtt://[::1", "mqtt://[::1]x1", "MQTT://a"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(parse_broker(bad));
    CHECK(parse_broker(bad).error().find("is not a broker such as") != std::string::npos);
  }
  CHECK(is_loopback(*parse_broker("mqtt://localhost")));
  CHECK(is_loopback(*parse_broker("mqtt://127.0.0.1")));
  CHECK(is_loopback(*parse_broker("mqtt://[::1]")));
  CHECK_FALSE(is_loopback(*parse_broker("mqtt://128.0.0.1")));
}
