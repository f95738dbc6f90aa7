#pragma once
// Mines what would be exported.

#include "sources/site/headroom.h"
#include "sources/site/site_rule.h"
#include "sources/site/steady_cap.h"

namespace ebb::sources {

struct SurplusSettings {
  double reserve = 0;  ///< watts that go on being exported
  double margin = 0;   ///< watts by which the meter may waver without moving the cap
  double start = 0;    ///< watts to spare for `start_after` begin the mining
  double stop = 0;     ///< fewer for `stop_after` end it
  std::chrono::seconds start_after{120}, stop_after{120};
  std::chrono::milliseconds meter_delay{3000};
  throttle::SignalClass signal_class = throttle::SignalClass::economic;
};

/// Caps the miner at what it draws and what is exported beside. Whatever is not known to be to
/// spare is not: a silent meter is a cap of zero.
class Surplus final : public SiteRule {
 public:
  explicit Surplus(SurplusSettings settings);
  void tell(const Telemetry& telemetry) override;
  std::vector<Update> read(const MeterReading& reading) override;
  std::vector<Update> silent(throttle::SteadyTime now) override;
  std::string last() const override;
  std::string trouble() const override { return trouble_; }

 private:
  void look_at(throttle::SteadyTime now, WattRange spare);
  std::vector<Update> nothing(std::string trouble);
  std::vector<Update> say(const throttle::Cap& cap, const std::string& reason);

  SurplusSettings settings_;
  Headroom headroom_;
  SteadyCap cap_;
  throttle::Plant plant_;
  bool returning_ = false;
  bool on_ = false;
  std::optional<throttle::SteadyTime> since_;  ///< the threshold that ends this state is passed
  std::optional<throttle::SteadyTime> read_at_;
  double spare_ = 0;
  throttle::Signal said_;
  std::string trouble_;
};

}  // namespace ebb::sources
