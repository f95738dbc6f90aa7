#include "sources/site/site_table.h"

#include "sources/meter/meter_reader.h"
#include "throttle/duration_text.h"

namespace ebb::sources {
namespace {

constexpr std::chrono::milliseconds kMeterDelay{3000}, kMostDelay{60'000};

}  // namespace

std::string read_meter_name(throttle::TableReader& table) {
  auto name = table.string("meter").value_or("");
  if (name.empty()) table.fail("meter", "is missing: the name of a [[meter]]");
  return name;
}

std::optional<double> read_watts(throttle::TableReader& table, std::string_view key) {
  const auto power = table.parsed(key, throttle::parse_power);
  if (!power) return std::nullopt;
  if (power->watts > kMaxMeterWatts) table.fail(key, "is more than any meter shows");
  return power->watts;
}

std::chrono::milliseconds read_meter_delay(throttle::TableReader& table) {
  const auto delay = table.parsed("meter_delay", throttle::parse_wait).value_or(kMeterDelay);
  if (delay > kMostDelay) table.fail("meter_delay", "is longer than 60s");
  return delay;
}

}  // namespace ebb::sources
