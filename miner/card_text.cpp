#include "miner/card_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>
#include <vector>

namespace ebb::miner {

std::optional<double> joules_per_th(std::optional<double> joules, std::uint64_t hashes) {
  if (!joules || hashes == 0) return std::nullopt;
  return *joules / static_cast<double>(hashes) * 1e12;
}

std::string card_text(const cuda::CardReading& reading) {
  std::vector<std::string> parts;
  if (reading.watts) parts.push_back(fmt::format("{:.0f} W", *reading.watts));
  if (reading.celsius) parts.push_back(fmt::format("{:.0f} °C", *reading.celsius));
  if (reading.sm_mhz) parts.push_back(fmt::format("{} MHz", *reading.sm_mhz));
  if (!reading.held_back_by.empty()) {
    parts.push_back(fmt::format("held back by {}", fmt::join(reading.held_back_by, " and ")));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string efficiency_text(double joules_per_th) {
  return fmt::format("{:.1f} kJ/TH", joules_per_th / 1000);
}

void add_card_json(boost::json::object& object, const cuda::CardReading& reading) {
  object["watts"] = boost::json::value_from(reading.watts);
  object["celsius"] = boost::json::value_from(reading.celsius);
  object["sm_mhz"] = boost::json::value_from(reading.sm_mhz);
  object["memory_mhz"] = boost::json::value_from(reading.memory_mhz);
  object["held_back_by"] = boost::json::value_from(reading.held_back_by);
}

}  // namespace ebb::miner
