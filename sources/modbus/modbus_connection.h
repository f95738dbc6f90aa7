#pragma once
// Questions to a Modbus TCP server.

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <tl/expected.hpp>

#include "sources/modbus/modbus_settings.h"

namespace ebb::sources {

struct ModbusFault {
  std::string text;      ///< one line
  bool refused = false;  ///< by the server, which is there: no such address, say
};

enum class ModbusTable { holding, input };

inline constexpr std::size_t kMostRegisters = 125;  ///< of one answer

/// Connects when it is asked, and anew after every fault but a refusal: a late answer must not be
/// taken for the next one's. Every call ends within twice the timeout and at once at a stop
/// request. One thread.
class ModbusConnection {
 public:
  explicit ModbusConnection(ModbusSettings settings);
  ~ModbusConnection();

  /// Fills `words` with the registers from `first` on: at most kMostRegisters.
  tl::expected<void, ModbusFault> read_registers(ModbusTable table, int first,
                                                 std::span<std::uint16_t> words,
                                                 const std::stop_token& stop);
  /// Fills `bits` with discrete inputs, 0 or 1 each: at most 16.
  tl::expected<void, ModbusFault> read_inputs(int first, std::span<std::uint8_t> bits,
                                              const std::stop_token& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebb::sources
