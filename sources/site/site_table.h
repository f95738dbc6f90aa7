#pragma once
// Keys that the kinds with a meter share. Faults go to the table.

#include <chrono>
#include <optional>
#include <string>

#include "throttle/schedule/table_reader.h"

namespace ebb::sources {

/// The key meter: the name of a [[meter]].
std::string read_meter_name(throttle::TableReader& table);
/// "50kW"; no more than a meter shows.
std::optional<double> read_watts(throttle::TableReader& table, std::string_view key);
/// The key meter_delay: how late the meter may be.
std::chrono::milliseconds read_meter_delay(throttle::TableReader& table);

}  // namespace ebb::sources
