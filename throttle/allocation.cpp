#include "throttle/allocation.h"

#include <algorithm>

namespace ebb::throttle {

std::vector<double> allocate(double hps, std::span<const Capacity> devices,
                             std::span<const std::size_t> order) {
  std::vector<double> duties(devices.size());
  double left = hps;
  for (const std::size_t device : order) {
    if (left <= 0) break;
    if (devices[device].held) continue;
    duties[device] = std::min(1.0, left / devices[device].hps);
    left -= duties[device] * devices[device].hps;
  }
  return duties;
}

}  // namespace ebb::throttle
