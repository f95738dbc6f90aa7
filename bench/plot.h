#pragma once
// The bench's figures as a picture.

#include <span>
#include <string>

#include "bench/report.h"

namespace ebb::bench {

/// An SVG document: a group of bars for each backend (and thread count, if there are several), a
/// bar for each number of midstates, whiskers from minimum to maximum, OpenSSL in grey. Follows the
/// reader's light or dark scheme.
std::string bench_plot(std::span<const Measurement> all);

}  // namespace ebb::bench
