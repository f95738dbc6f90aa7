#pragma once
// A meter behind Modbus TCP.

#include <memory>
#include <optional>

#include "sources/meter/meter_reader.h"
#include "sources/meter/register_map.h"

namespace ebb::sources {

struct ModbusMeterSettings {
  ModbusSettings server;
  bool sunspec = false;  ///< else by the places
  std::optional<RegisterPlace> watts, hertz;
  bool import_positive = true;  ///< else what is drawn from the grid is below zero
};

std::unique_ptr<MeterReader> modbus_meter(ModbusMeterSettings settings);

}  // namespace ebb::sources
