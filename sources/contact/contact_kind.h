#pragma once
// type = "contact"

#include "sources/kind.h"

namespace ebb::sources {

extern const Kind kContactKind;

}  // namespace ebb::sources
