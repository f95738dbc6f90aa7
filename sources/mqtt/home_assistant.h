#pragma once
// How a rig announces itself to Home Assistant by MQTT discovery.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace ebb::sources {

/// The topics below a rig's base: "ebb/rig1".
struct RigTopics {
  std::string base;
  std::string state() const { return base + "/state"; }
  std::string availability() const { return base + "/availability"; }
  std::string set_cap() const { return base + "/cap/set"; }
  std::string set_hold() const { return base + "/hold/set"; }
};

struct Announcement {
  std::string topic;
  std::string payload;
};

/// A number (the cap), a switch (the hold) and sensors of what rig_state() tells. Sensors that were
/// not heard for `expire_after` are unknown.
std::vector<Announcement> announcements(const RigTopics& topics, std::string_view rig,
                                        std::string_view prefix, std::chrono::seconds expire_after);

}  // namespace ebb::sources
