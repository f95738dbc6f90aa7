#pragma once
// type = "site_limit"

#include "sources/kind.h"

namespace ebb::sources {

extern const Kind kSiteLimitKind;

}  // namespace ebb::sources
