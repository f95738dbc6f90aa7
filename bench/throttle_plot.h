#pragma once
// The figures of `ebb bench throttle` as a picture.

#include <string>

#include "bench/throttle_bench.h"

namespace ebb::bench {

/// An SVG document: which share of the trials had answered by when, to zero and to full; below it
/// each cap's error in its worst window and on average.
std::string throttle_plot(const ThrottleFigures& figures);

}  // namespace ebb::bench
