#pragma once
// Whether the site's meter saw what the miner gave back.

#include <optional>
#include <string>

#include "sources/meter.h"
#include "sources/source.h"

namespace ebb::sources {

/// A curtailment that the site's meter does not show is none: the wrong meter, another machine
/// that took the power, a miner that did not stop. Pure; one thread.
class ShedCheck {
 public:
  static constexpr std::chrono::seconds kWithin{5};

  /// `delay`: of the meter at most, which is waited for.
  explicit ShedCheck(std::chrono::milliseconds delay) : delay_(delay) {}

  void tell(const Telemetry& telemetry);
  void read(const MeterReading& reading);

  /// What was seen of the last: "shed 2.9kW, the site fell by 2.95kW in 1.2 s"; empty before one.
  const std::string& last() const { return last_; }
  /// Empty: nothing is wrong.
  const std::string& trouble() const { return trouble_; }

 private:
  struct Shed {
    throttle::SteadyTime began{};
    double from = 0;      ///< watts of the miner
    double expected = 0;  ///< watts of fall
    double site = 0;      ///< before
    double fraction = 0;  ///< since
    throttle::SteadyTime due{};
  };
  void look_for_fall(const Telemetry& telemetry, double fraction);
  void judge(double watts, throttle::SteadyTime at);

  std::chrono::milliseconds delay_;
  std::optional<double> fraction_;
  std::optional<MeterReading> reading_;
  std::optional<Shed> shed_;
  bool seen_ = false;  ///< the fall of shed_
  std::string last_, trouble_;
};

}  // namespace ebb::sources
