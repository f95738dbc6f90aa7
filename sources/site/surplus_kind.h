#pragma once
// type = "surplus"

#include "sources/kind.h"

namespace ebb::sources {

extern const Kind kSurplusKind;

}  // namespace ebb::sources
