#pragma once
// What the fuzzer of a Modbus meter's registers does with its bytes. The unit tests replay its
// corpus.

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string_view>

#include "sources/meter/meter_file.h"
#include "sources/meter/register_map.h"
#include "sources/meter/sunspec.h"

namespace ebb::sources {

/// The bytes are the registers from 40000 on, those behind them do not exist: whatever they say,
/// the walk ends soon and asks for nothing outside, and a reading is finite. The same bytes are a
/// register map's words and a meter file's line.
inline void fuzz_sunspec(std::string_view data) {
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  };
  const auto finite = [&](const MeterReading& reading) {
    must(!reading.watts || std::isfinite(*reading.watts), "finite watts");
    must(!reading.hertz || std::isfinite(*reading.hertz), "finite hertz");
  };
  const auto word = [&](std::size_t index) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(data[at]); };
    return static_cast<std::uint16_t>(byte(2 * index) << 8 | byte(2 * index + 1));
  };
  constexpr std::uint32_t kBase = 40000;
  int asked = 0;
  const ReadRegisters read =
      [&](std::uint32_t address,
          std::size_t count) -> tl::expected<std::vector<std::uint16_t>, ModbusFault> {
    must(++asked < 100, "the walk ends");
    must(count > 0 && count <= kMostRegisters && address + count <= 0x10000, "within the map");
    if (address < kBase || 2 * (address - kBase + count) > data.size()) {
      return tl::unexpected(ModbusFault{"no such address", true});
    }
    std::vector<std::uint16_t> words;
    for (std::size_t i = 0; i < count; ++i)
      words.push_back(word(address - kBase + i));
    return words;
  };
  if (const auto model = find_sunspec_meter(read)) {
    const auto words = read(model->address, sunspec_registers(*model));
    const auto reading = words ? decode_sunspec(*model, *words) : std::nullopt;
    must(!words || reading, "a model that was found is the model that is read");
    if (reading) finite(*reading);
  } else {
    must(!model.error().text.empty() && model.error().text.size() < 200, "error text");
  }
  for (const auto type : {RegisterType::int16, RegisterType::uint16, RegisterType::int32,
                          RegisterType::uint32, RegisterType::float32}) {
    const RegisterPlace place{.type = type, .low_word_first = data.size() % 2 == 0, .scale = 0.1};
    if (data.size() < 4) break;
    const std::uint16_t words[]{word(0), word(1)};
    const auto value = decode(place, std::span(words, size_of(place)));
    must(!value || std::isfinite(*value), "a finite value");
  }
  if (const auto reading = parse_meter_line(data)) finite(*reading);
}

}  // namespace ebb::sources
