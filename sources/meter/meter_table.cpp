#include "sources/meter/meter_table.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "sources/meter/meter_file.h"
#include "sources/meter/meter_thread.h"
#include "sources/meter/modbus_meter.h"
#include "throttle/duration_text.h"

namespace ebb::sources {
namespace {

using throttle::TableReader;

constexpr std::size_t kMaxName = 100;
constexpr std::chrono::milliseconds kPeriod{1000}, kLeastPeriod{50}, kMostPeriod{60'000};

using MakeReader = std::function<std::unique_ptr<MeterReader>()>;

std::string read_name(TableReader& table) {
  auto name = table.string("name").value_or("");
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  });
  if (name.empty()) table.fail("name", "is missing");
  if (name.size() > kMaxName) table.fail("name", "is longer than 100 bytes");
  if (!plain) table.fail("name", "must be one line of text");
  return name;
}

MakeReader read_modbus(TableReader& table) {
  ModbusMeterSettings settings;
  settings.server = read_modbus_settings(table, "address");
  settings.sunspec = table.boolean("sunspec").value_or(false);
  settings.watts = read_register_place(table, "watts");
  settings.hertz = read_register_place(table, "hertz");
  settings.import_positive = table.boolean("import_positive").value_or(true);
  if (settings.sunspec) {
    for (const char* key : {"watts", "hertz"}) {
      if (table.node(key) != nullptr) table.fail(key, "a SunSpec meter tells this by itself");
    }
  } else if (!settings.watts && !settings.hertz) {
    table.fail("watts", "is missing: sunspec = true, or the registers of watts and hertz");
  }
  return [settings] { return modbus_meter(settings); };
}

MakeReader read_file(TableReader& table, const std::filesystem::path& folder) {
  const auto file = table.string("file").value_or("");
  if (file.empty() || file.find('\0') != std::string::npos) {
    table.fail("file", table.node("file") == nullptr ? "is missing" : "must name a file");
  }
  const bool recorded = table.boolean("recorded").value_or(false);
  return [path = folder / file, recorded] {
    return recorded ? meter_recording(path) : meter_file(path);
  };
}

}  // namespace

MeterOptions read_meter(TableReader& table, const std::filesystem::path& folder) {
  MeterOptions options;
  options.name = read_name(table);
  const std::string type = table.string("type").value_or("");
  const auto period = table.parsed("period", throttle::parse_duration).value_or(kPeriod);
  if (period < kLeastPeriod || period > kMostPeriod) {
    table.fail("period", "must be from 50ms to 60s");
  }
  MakeReader make;
  if (type == "modbus") {
    make = read_modbus(table);
  } else if (type == "file") {
    make = read_file(table, folder);
  } else {
    table.fail("type", "must be \"modbus\" or \"file\"");
  }
  options.open = [make, period](std::function<throttle::SteadyTime()> clock) {
    return std::make_shared<MeterThread>(make(), period, std::move(clock));
  };
  return options;
}

}  // namespace ebb::sources
