#pragma once
// MQTT 3.1.1: caps from a broker, state and telemetry to it, and Home Assistant.

#include "sources/kind.h"

namespace ebb::sources {

extern const Kind kMqttKind;

}  // namespace ebb::sources
