#pragma once
// When a device is too hot to go on.

#include <chrono>
#include <optional>

namespace ebb::throttle {

/// Holds a device from its limit on until it has cooled well below it. Pure; times only go forward.
class TemperatureLimit {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr double kCoolDown = 10;  ///< °C below the limit at which a held device goes on
  static constexpr std::chrono::seconds kBlindness{30};

  explicit TemperatureLimit(double celsius) : limit_(celsius) {}

  /// Whether the device must rest. `celsius`: nothing when it cannot be read, which rests a device
  /// after kBlindness if it could be read before.
  bool update(Clock::time_point now, std::optional<double> celsius);

  double goes_on_at() const { return limit_ - kCoolDown; }

 private:
  double limit_;
  std::optional<Clock::time_point> last_read_;
  bool held_ = false;
};

}  // namespace ebb::throttle
