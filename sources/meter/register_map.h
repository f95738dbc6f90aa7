#pragma once
// Meters whose maker has a map of registers of its own.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tl/expected.hpp>

#include "sources/modbus/modbus_connection.h"
#include "throttle/schedule/table_reader.h"

namespace ebb::sources {

enum class RegisterType { int16, uint16, int32, uint32, float32 };

/// Where a figure is, and how it is written there.
struct RegisterPlace {
  int first = 0;
  ModbusTable table = ModbusTable::holding;
  RegisterType type = RegisterType::int16;
  bool low_word_first = false;  ///< of two registers; within one, Modbus has the high byte first
  double scale = 1;             ///< what it is multiplied by
};

/// Registers that it takes: 1 or 2.
std::size_t size_of(const RegisterPlace& place);

/// `words`: size_of(place). Nothing when it is not finite.
std::optional<double> decode(const RegisterPlace& place, std::span<const std::uint16_t> words);

/// The table at `key`: { register = 100, type = "int32", scale = 0.1, kind = "input", word_order =
/// "little" }. Nothing when there is none; faults go to `table`.
std::optional<RegisterPlace> read_register_place(throttle::TableReader& table,
                                                 std::string_view key);

}  // namespace ebb::sources
