#pragma once
// type = "frequency"

#include "sources/kind.h"

namespace ebb::sources {

extern const Kind kFrequency;

}  // namespace ebb::sources
