#pragma once
// What time it is, and whether that can be believed.

#include "throttle/signal_book.h"

namespace ebb::miner {

/// Both clocks at one moment. `synchronised` is what the kernel says (adjtimex(2)): false in most
/// containers, whose host keeps the clock.
throttle::Now now();

}  // namespace ebb::miner
