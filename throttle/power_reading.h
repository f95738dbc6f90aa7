#pragma once
// A figure of watts and where it comes from.

#include <chrono>
#include <string>
#include <string_view>

#include "throttle/signal.h"

namespace ebb::throttle {

/// How far a figure may be trusted, the best first.
enum class MeterKind {
  external,    ///< of the site: all that the machine draws
  nvml,        ///< the cards' own energy counters
  rapl,        ///< the CPU packages' counters
  calibrated,  ///< computed from duties by what `ebb calibrate` measured
  nameplate    ///< computed from duties by the watts on the label
};
/// "external meter", "NVML", "RAPL", "calibrated model", "nameplate".
std::string_view name(MeterKind kind);

struct PowerReading {
  double watts = 0;
  SteadyTime at{};  ///< the end of what it averages
  std::chrono::milliseconds averaged_over{0};
  std::string meter{};     ///< what to name beside the figure: "NVML + RAPL"
  bool estimated = false;  ///< computed, not measured

  friend bool operator==(const PowerReading&, const PowerReading&) = default;
};

}  // namespace ebb::throttle
