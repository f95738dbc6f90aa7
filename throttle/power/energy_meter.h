#pragma once
// A meter out of a counter of energy.

#include <functional>
#include <string>

#include "throttle/power/meter.h"

namespace ebb::throttle {

/// Watts as the mean of about a second of a counter: cards (NVML) and CPU packages (RAPL) count
/// energy, which a mean of their samples of power would miss in part.
class EnergyMeter final : public PowerMeter {
 public:
  /// Joules since any moment; nothing while the counter cannot be read.
  using Joules = std::function<std::optional<double>()>;

  static constexpr std::chrono::milliseconds kPeriod{1000};

  /// `label`: what to name beside the figure.
  EnergyMeter(MeterKind kind, std::string label, Joules joules);

  MeterKind kind() const override { return kind_; }
  std::optional<PowerReading> read(SteadyTime now, double fraction) override;

 private:
  MeterKind kind_;
  std::string label_;
  Joules joules_;
  std::optional<double> counted_;  ///< at the last reading
  SteadyTime counted_at_{};
  std::optional<PowerReading> latest_;
};

}  // namespace ebb::throttle
