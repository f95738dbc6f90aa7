#pragma once
// type = "frequency"

#include "sources/kind.h"

namespace ebb::sources {

extern const Kind kFrequencyKind;

}  // namespace ebb::sources
