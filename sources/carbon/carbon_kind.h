#pragma once

#include "sources/kind.h"

namespace ebb::sources {

/// How much carbon dioxide the grid's energy comes with, in grams a kWh.
extern const Kind kCarbonKind;

}  // namespace ebb::sources
