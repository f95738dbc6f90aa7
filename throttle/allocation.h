#pragma once
// Which device works how much.

#include <cstddef>
#include <span>
#include <vector>

namespace ebb::throttle {

struct Capacity {
  double hps = 0;     ///< at full duty; above zero
  bool held = false;  ///< must rest
};

/// A duty, 0..1, for each device so that together they make `hps`: whole devices in `order`, one
/// paced for the remainder, the rest at zero. Pure.
///
/// Whole devices first, for an idle device saves more than many that pulse: deep sleep states, and
/// one device's ripple on the grid instead of all.
std::vector<double> allocate(double hps, std::span<const Capacity> devices,
                             std::span<const std::size_t> order);

}  // namespace ebb::throttle
