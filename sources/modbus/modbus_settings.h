#pragma once
// Where a Modbus TCP server is, as the configuration says it.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "throttle/schedule/table_reader.h"

namespace ebb::sources {

struct ModbusSettings {
  std::string host;
  std::uint16_t port = 502;
  int unit = 1;                             ///< the device behind the address
  std::chrono::milliseconds timeout{1000};  ///< of a connection or an answer, as a whole
};

/// "10.0.0.7", "meter.lan:1502", "[fe80::1]:502". The error is one line.
tl::expected<ModbusSettings, std::string> parse_modbus_address(std::string_view text);

/// The address at `key`, and the keys unit and timeout. Faults go to the table.
ModbusSettings read_modbus_settings(throttle::TableReader& table, std::string_view key);

/// "10.0.0.7:502/1"
std::string text(const ModbusSettings& settings);

/// Addresses of registers and inputs go from 0 to this, as they travel: no 40001 stands for 0.
inline constexpr std::int64_t kLastModbusAddress = 0xffff;

}  // namespace ebb::sources
