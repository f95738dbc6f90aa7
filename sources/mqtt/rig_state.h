#pragma once
// What a rig tells the world over MQTT.

#include <string>
#include <string_view>

#include "sources/source.h"

namespace ebb::sources {

/// One JSON object: what is in force and why, hashrate and watts (null: not known), and the
/// commands of `source` that stand: "hold" (ON or OFF) and "set_cap" (percent). At most 16 reasons.
std::string rig_state(const Telemetry& telemetry, std::string_view rig, std::string_view source);

/// Differs where a change is worth telling at once. The steps of a ramp are not.
std::string state_change(const Telemetry& telemetry);

}  // namespace ebb::sources
