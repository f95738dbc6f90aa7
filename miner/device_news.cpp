#include "miner/device_news.h"

#include <fmt/format.h>

namespace ebb::miner {

std::vector<DeviceNews::Line> DeviceNews::since_last_look(std::span<const DeviceFigures> devices) {
  std::vector<Line> lines;
  seen_.resize(devices.size());
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const DeviceFigures& device = devices[i];
    const std::string& name = device.info->name;
    const DeviceHealth::State& health = device.health;
    Seen& seen = seen_[i];
    if (device.hardware_errors > seen.hardware_errors) {
      lines.push_back({true, fmt::format("{}: {} hardware errors so far: it computes wrong hashes",
                                         name, device.hardware_errors)});
    }
    const bool failed = health.failures > seen.failures;
    if (failed && device.left_behind) {
      lines.push_back({true, fmt::format("{}: {}; left behind until ebb starts anew", name,
                                         health.last_failure)});
    } else if (failed) {
      lines.push_back({true, fmt::format("{}: {}; put aside for {:g} s", name, health.last_failure,
                                         std::chrono::duration<double>(health.pause).count())});
    }
    if ((failed || seen.quarantined) && !health.quarantined) {
      lines.push_back({false, name + " works again"});
    }
    seen = {device.hardware_errors, health.failures, health.quarantined};
  }
  return lines;
}

}  // namespace ebb::miner
