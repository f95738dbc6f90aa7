#pragma once
// Meters of the SunSpec alliance's information models, over Modbus.

#include <cstdint>
#include <functional>
#include <span>
#include <tl/expected.hpp>
#include <vector>

#include "sources/meter.h"
#include "sources/modbus/modbus_connection.h"

namespace ebb::sources {

/// Reads `count` holding registers from `address` on; gives so many or a fault.
using ReadRegisters = std::function<tl::expected<std::vector<std::uint16_t>, ModbusFault>(
    std::uint32_t address, std::size_t count)>;

/// A meter's model in the map of a device.
struct SunspecModel {
  std::uint32_t address = 0;  ///< of its id, which its length follows
  std::uint16_t id = 0;       ///< 201 to 204: integers with scale factors; 211 to 214: float32
  std::uint16_t length = 0;   ///< registers after these two
  friend bool operator==(const SunspecModel&, const SunspecModel&) = default;
};

/// Walks from "SunS", at 40000, 0 or 50000, from model to model: the first meter. Bounded, whatever
/// the registers say.
tl::expected<SunspecModel, ModbusFault> find_sunspec_meter(const ReadRegisters& read);

/// How many registers from the id on decode_sunspec() wants.
std::size_t sunspec_registers(const SunspecModel& model);

/// Watts and hertz as the model has them, what it does not implement left out. Nothing when `words`
/// begin with another id or length: the device's map has changed.
std::optional<MeterReading> decode_sunspec(const SunspecModel& model,
                                           std::span<const std::uint16_t> words);

}  // namespace ebb::sources
