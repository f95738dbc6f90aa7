#pragma once
// A site that may draw no more than so much, whoever draws it.

#include "sources/site/headroom.h"
#include "sources/site/shed_check.h"
#include "sources/site/site_rule.h"
#include "sources/site/steady_cap.h"

namespace ebb::sources {

struct SiteLimitSettings {
  double limit = 0;   ///< watts of the whole site
  double margin = 0;  ///< watts below it that are aimed at
  std::chrono::milliseconds meter_delay{3000};
  throttle::SignalClass signal_class = throttle::SignalClass::protective;
};

/// Caps the miner at what the others leave. Says nothing while the meter or the miner's own power
/// is silent: the policy falls back.
class SiteLimit final : public SiteRule {
 public:
  explicit SiteLimit(SiteLimitSettings settings);
  void tell(const Telemetry& telemetry) override;
  std::vector<Update> read(const MeterReading& reading) override;
  std::vector<Update> silent(throttle::SteadyTime now) override;
  std::string last() const override;
  std::string trouble() const override;

 private:
  SiteLimitSettings settings_;
  Headroom headroom_;
  SteadyCap cap_;
  ShedCheck check_;
  throttle::Plant plant_;
  bool returning_ = false;
  throttle::Signal said_;
  std::string trouble_;
};

/// Whether the policy is on its way up.
bool is_returning(const Telemetry& telemetry);

}  // namespace ebb::sources
