#include "sources/meter/sunspec.h"

#include <bit>
#include <cmath>
#include <string>

namespace ebb::sources {
namespace {

constexpr std::uint32_t kBases[]{40000, 0, 50000};
constexpr std::uint16_t kMark[]{0x5375, 0x6e53};  // "SunS"
constexpr std::uint16_t kEnd = 0xffff;
constexpr int kMostModels = 64;  // a device has some ten
constexpr std::uint32_t kRegisters = 0x10000;

// Offsets of points from the model's id (SunSpec information models 201 to 204 and 211 to 214).
constexpr std::size_t kHertz = 16, kHertzScale = 17, kWatts = 18, kWattsScale = 22;
constexpr std::size_t kFloatHertz = 26, kFloatWatts = 28;

constexpr std::uint16_t kNotImplemented = 0x8000;  // of int16 and of scale factors
constexpr int kMostScale = 10;

bool has_integers(std::uint16_t id) {
  return id >= 201 && id <= 204;
}
bool has_floats(std::uint16_t id) {
  return id >= 211 && id <= 214;
}

std::optional<double> scaled(std::uint16_t value, std::uint16_t scale) {
  if (value == kNotImplemented || scale == kNotImplemented) return std::nullopt;
  const auto exponent = static_cast<std::int16_t>(scale);
  if (exponent < -kMostScale || exponent > kMostScale) return std::nullopt;
  return static_cast<std::int16_t>(value) * std::pow(10.0, exponent);
}

std::optional<double> float_at(std::span<const std::uint16_t> words, std::size_t at) {
  const auto value = std::bit_cast<float>(std::uint32_t{words[at]} << 16 | words[at + 1]);
  if (!std::isfinite(value)) return std::nullopt;  // NaN: not implemented
  return value;
}

ModbusFault no(std::string text) {
  return {std::move(text), true};
}

/// The address of the first model of the map.
tl::expected<std::uint32_t, ModbusFault> find_mark(const ReadRegisters& read) {
  for (const std::uint32_t base : kBases) {
    const auto words = read(base, 2);
    if (!words && !words.error().refused) return tl::unexpected(words.error());
    if (words && words->size() == 2 && (*words)[0] == kMark[0] && (*words)[1] == kMark[1]) {
      return base + 2;
    }
  }
  return tl::unexpected(no("no SunSpec map at 40000, 0 or 50000"));
}

}  // namespace

tl::expected<SunspecModel, ModbusFault> find_sunspec_meter(const ReadRegisters& read) {
  auto address = find_mark(read);
  if (!address) return tl::unexpected(address.error());
  for (int models = 0; models < kMostModels && *address + 2 <= kRegisters; ++models) {
    const auto words = read(*address, 2);
    if (!words) return tl::unexpected(words.error());
    if (words->size() != 2) return tl::unexpected(no("an answer of another size"));
    const SunspecModel model{*address, (*words)[0], (*words)[1]};
    if (model.id == kEnd) break;
    if (has_integers(model.id) || has_floats(model.id)) {
      const std::size_t wanted = sunspec_registers(model);
      if (model.length + 2u < wanted || model.address + wanted > kRegisters) {
        return tl::unexpected(no("SunSpec model " + std::to_string(model.id) + " is too short"));
      }
      return model;
    }
    *address += 2 + model.length;
  }
  return tl::unexpected(no("the SunSpec map has no meter (models 201 to 204, 211 to 214)"));
}

std::size_t sunspec_registers(const SunspecModel& model) {
  return has_integers(model.id) ? kWattsScale + 1 : kFloatWatts + 2;
}

std::optional<MeterReading> decode_sunspec(const SunspecModel& model,
                                           std::span<const std::uint16_t> words) {
  if (words.size() < sunspec_registers(model)) return std::nullopt;
  if (words[0] != model.id || words[1] != model.length) return std::nullopt;
  MeterReading reading;
  if (has_integers(model.id)) {
    reading.watts = scaled(words[kWatts], words[kWattsScale]);
    reading.hertz = scaled(words[kHertz], words[kHertzScale]);
  } else {
    reading.watts = float_at(words, kFloatWatts);
    reading.hertz = float_at(words, kFloatHertz);
  }
  return reading;
}

}  // namespace ebb::sources
