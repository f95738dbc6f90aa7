#pragma once
// Watts and readings for people.

#include <string>

#include "sources/meter.h"

namespace ebb::sources {

/// "1.23kW", "-250W"; three digits.
std::string watts_text(double watts);
/// "31.2kW, 49.983 Hz"
std::string text(const MeterReading& reading);

}  // namespace ebb::sources
