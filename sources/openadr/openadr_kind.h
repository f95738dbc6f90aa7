#pragma once
// type = "openadr": a VEN of OpenADR 3.1.

#include "sources/kind.h"

namespace ebb::sources {

extern const Kind kOpenAdrKind;

}  // namespace ebb::sources
