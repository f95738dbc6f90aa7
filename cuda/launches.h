#pragma once
// A scan as a sequence of kernel launches, apart from how one is launched.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>

#include "core/device.h"
#include "cuda/launch_result.h"

namespace ebb::cuda {

/// Scans as Device::scan does. `launch(first, count, busy)` tries that many nonces, adds its time
/// to `busy` and returns its LaunchResult, or null when it failed. A launch that finds more than
/// there is room for is repeated with fewer nonces; `max_launch` remembers how few, so keep it for
/// as long as the zero mask stays and start it at kMaxLaunch.
template <class Launch>
core::ScanReport scan_by_launches(std::uint32_t first, std::uint64_t count,
                                  std::span<core::Candidate> out, std::uint32_t& max_launch,
                                  Launch launch) {
  core::ScanReport report;
  while (report.scanned < count) {
    const auto room = static_cast<std::uint32_t>(
        std::min<std::size_t>(out.size() - report.found, kLaunchCapacity));
    if (room < kLaunchCapacity / 2) break;  // the caller empties the buffer and comes again
    const auto piece =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(count - report.scanned, max_launch));
    const LaunchResult* result =
        launch(static_cast<std::uint32_t>(first + report.scanned), piece, report.busy);
    // More candidates than nonces: the device is broken, and the next line could yield zero.
    if (result == nullptr || result->found > piece) return {false, 0, 0, report.busy};
    if (result->found > room) {
      max_launch = static_cast<std::uint32_t>(std::uint64_t{piece} * (room / 2) / result->found);
      continue;
    }
    std::copy_n(result->candidates, result->found, out.begin() + report.found);
    report.found += result->found;
    report.scanned += piece;
  }
  return report;
}

}  // namespace ebb::cuda
