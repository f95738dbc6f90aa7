#pragma once
// The answers of carbonintensity.org.uk. Pure.

#include <string_view>

#include "sources/series/json_series.h"

namespace ebb::sources {

/// Of Great Britain (/intensity...), or of one region (/regional/intensity/.../regionid/13): grams
/// a kWh by half hours. What was measured counts before what was forecast; neither is a gap.
Intervals parse_carbon_intensity(std::string_view text);

}  // namespace ebb::sources
