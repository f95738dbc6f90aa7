#pragma once
// A meter that is read again and again.

#include <functional>
#include <memory>

#include "sources/meter/meter_reader.h"

namespace ebb::sources {

/// Keeps the latest. What cannot be read is asked again after a period, then after ever longer
/// waits up to kMostWait.
class MeterThread final : public SharedMeter {
 public:
  static constexpr std::chrono::milliseconds kMostWait{5000};

  MeterThread(std::unique_ptr<MeterReader> reader, std::chrono::milliseconds period,
              std::function<throttle::SteadyTime()> clock);
  ~MeterThread() override;

  std::optional<MeterReading> latest() const override;
  std::optional<MeterReading> next(throttle::SteadyTime after, std::chrono::milliseconds at_most,
                                   const std::stop_token& stop) const override;
  Health health() const override;
  std::chrono::milliseconds period() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebb::sources
