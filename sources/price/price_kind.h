#pragma once

#include "sources/kind.h"

namespace ebb::sources {

/// The price of energy, against a strike price or against what mining earns.
extern const Kind kPriceKind;

}  // namespace ebb::sources
