#pragma once
// Holds a cap in watts by the fraction of full work.

#include <chrono>
#include <deque>
#include <optional>

#include "throttle/limit.h"
#include "throttle/power_reading.h"

namespace ebb::throttle {

/// Goes where the meter's latest reading says that the cap lies, as far from the fraction that was
/// in force while that reading was taken as the slope of watts over work tells: so neither the
/// delay of a meter that averages over a second (and samples a quarter of it, arXiv 2312.02741) nor
/// another cap that holds the work lower winds it up. The slope is learnt. Pure; one thread.
class PowerLoop {
 public:
  /// A meter that is silent for longer is not believed; without one there is only the model, which
  /// may lower and never raises.
  static constexpr std::chrono::seconds kStale{5};

  /// From now on, at once where it is lower. Nothing: no cap, which forgets nothing that was
  /// learnt.
  void set_cap(std::optional<double> watts);

  /// Call several times a second with the fraction in force since the last call and the meter's
  /// latest reading. What is allowed then.
  double update(SteadyTime now, double fraction, const std::optional<PowerReading>& reading);

  /// The highest fraction of full work; 1 without a cap, 0 when nothing is known.
  double allowed() const { return cap_ ? allowed_ : 1; }

  /// What has been learnt, once it is worth telling. Nothing is learnt at rest from then on: what
  /// is drawn by devices that should rest must not become what rest draws.
  std::optional<double> idle_watts() const;
  std::optional<double> full_watts() const;

 private:
  struct Past {
    SteadyTime at{};
    double fraction = 0;
  };
  /// Weighted least squares of watts over fraction; the weights of old readings decay.
  struct Fit {
    double weight = 0, f = 0, w = 0, ff = 0, fw = 0, ww = 0;
  };
  struct Model {
    double idle = 0, full = 0;
  };

  double mean_fraction(SteadyTime from, SteadyTime to) const;
  void take(const PowerReading& reading);
  void learn(double fraction, double watts, double elapsed);
  void aim(double fraction, double watts, double elapsed);
  std::optional<Model> fitted() const;
  double span_watts() const;
  double fraction_at(double watts) const;

  std::optional<double> cap_;
  double allowed_ = 0;
  std::deque<Past> past_;  ///< fractions of the last seconds, oldest first
  std::optional<PowerReading> last_;
  bool blind_ = true;                ///< the meter is silent
  double fraction_ = 0, watts_ = 0;  ///< where the plant works: means of the last readings
  Fit fit_;
  std::optional<Model> model_;  ///< the last that was good
};

}  // namespace ebb::throttle
