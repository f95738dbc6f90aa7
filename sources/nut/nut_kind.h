#pragma once
// type = "nut": a UPS behind Network UPS Tools' upsd.

#include "sources/kind.h"

namespace ebb::sources {

extern const Kind kNutKind;

}  // namespace ebb::sources
