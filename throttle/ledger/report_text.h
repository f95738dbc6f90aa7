#pragma once
// Pieces that the reports share.

#include <string>

#include "throttle/signal.h"

namespace ebb::throttle {

/// "2022-01-24T18:00:00.000Z".
std::string iso_text(WallTime time);

}  // namespace ebb::throttle
