#pragma once
// A card's figures as people and programs read them. Pure text; no state.

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "cuda/nvml.h"

namespace ebb::miner {

/// Joules for 10^12 hashes; nothing before the first hash.
std::optional<double> joules_per_th(std::optional<double> joules, std::uint64_t hashes);

/// "412 W, 71 °C, 1980 MHz, held back by power cap": what is known of it.
std::string card_text(const cuda::CardReading& reading);

/// "37.5 kJ/TH"
std::string efficiency_text(double joules_per_th);

/// Adds watts, celsius, sm_mhz, memory_mhz and held_back_by; null for what is not known.
void add_card_json(boost::json::object& object, const cuda::CardReading& reading);

}  // namespace ebb::miner
