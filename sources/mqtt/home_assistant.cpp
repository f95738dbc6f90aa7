#include "sources/mqtt/home_assistant.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "core/printable.h"

namespace ebb::sources {
namespace {

namespace json = boost::json;

/// Discovery takes letters, digits, _ and - only.
std::string plain(std::string_view text) {
  std::string result(text);
  std::replace_if(
      result.begin(), result.end(),
      [](char c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return !letter && !(c >= '0' && c <= '9') && c != '-';
      },
      '_');
  return result;
}

}  // namespace

std::vector<Announcement> announcements(const RigTopics& topics, std::string_view rig,
                                        std::string_view prefix,
                                        std::chrono::seconds expire_after) {
  const std::string node = plain(topics.base);
  std::vector<Announcement> all;
  const auto announce = [&](const std::string& component, const std::string& object,
                            json::object config) {
    config["unique_id"] = node + '_' + object;
    config["object_id"] = node + '_' + object;
    config["state_topic"] = topics.state();
    config["availability_topic"] = topics.availability();
    config["device"] = json::object{{"identifiers", json::array{node}},
                                    {"name", core::printable(rig)},
                                    {"manufacturer", "ebb"},
                                    {"model", "Bitcoin miner"}};
    all.push_back({std::string(prefix) + '/' + component + '/' + node + '/' + object + "/config",
                   json::serialize(config)});
  };
  const auto sensor = [&](const std::string& object, json::object config) {
    config["expire_after"] = expire_after.count();
    announce("sensor", object, std::move(config));
  };
  announce("number", "cap",
           {{"name", "Cap"},
            {"command_topic", topics.set_cap()},
            {"value_template", "{{ value_json.set_cap }}"},
            {"min", 0},
            {"max", 100},
            {"step", 1},
            {"unit_of_measurement", "%"},
            {"icon", "mdi:speedometer"}});
  announce("switch", "hold",
           {{"name", "Hold"},
            {"command_topic", topics.set_hold()},
            {"value_template", "{{ value_json.hold }}"},
            {"icon", "mdi:hand-back-right"}});
  sensor("hashrate", {{"name", "Hashrate"},
                      {"value_template", "{{ (value_json.hashrate / 1e9) | round(3) }}"},
                      {"unit_of_measurement", "GH/s"},
                      {"state_class", "measurement"},
                      {"icon", "mdi:pound"}});
  sensor("power", {{"name", "Power"},
                   {"value_template", "{{ value_json.watts }}"},
                   {"unit_of_measurement", "W"},
                   {"device_class", "power"},
                   {"state_class", "measurement"}});
  sensor("state", {{"name", "State"},
                   {"value_template", "{{ value_json.state }}"},
                   {"icon", "mdi:transmission-tower"}});
  return all;
}

}  // namespace ebb::sources
