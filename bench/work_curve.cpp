#include "bench/work_curve.h"

#include <algorithm>

namespace ebb::bench {

void WorkCurve::add(std::span<const DeviceWork> devices) {
  devices_.resize(devices.size());
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const DeviceWork& now = devices[i];
    Device& device = devices_[i];
    // The counters move a moment before the time that belongs to them.
    if (device.last && device.last->worked_until == now.worked_until) continue;
    if (device.last) {
      const auto busy = std::chrono::duration_cast<Instant::duration>(now.busy - device.last->busy);
      device.stretches.push_back({std::max(device.last->worked_until, now.worked_until - busy),
                                  now.worked_until,
                                  static_cast<double>(now.hashes - device.last->hashes)});
    }
    device.last = now;
  }
}

double WorkCurve::hashes(Instant from, Instant to) const {
  double sum = 0;
  for (const Device& device : devices_) {
    const auto& all = device.stretches;
    auto it = std::partition_point(all.begin(), all.end(),
                                   [&](const Stretch& stretch) { return stretch.end <= from; });
    for (; it != all.end() && it->begin < to; ++it) {
      const std::chrono::duration<double> length = it->end - it->begin;
      const std::chrono::duration<double> inside =
          std::min(it->end, to) - std::max(it->begin, from);
      const bool is_moment = length.count() <= 0;
      if (is_moment && it->end > to) continue;
      sum += is_moment ? it->hashes : it->hashes * (inside / length);
    }
  }
  return sum;
}

std::optional<Instant> WorkCurve::last_work(Instant since) const {
  std::optional<Instant> last;
  for (const Device& device : devices_) {
    if (device.stretches.empty()) continue;
    const Instant end = device.stretches.back().end;
    if (end > since && (!last || end > *last)) last = end;
  }
  return last;
}

}  // namespace ebb::bench
