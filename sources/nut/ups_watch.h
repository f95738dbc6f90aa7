#pragma once
// What a UPS says about the mains, as a source's updates.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sources/update.h"
#include "throttle/policy.h"

namespace ebb::sources {

/// Of ups.status, whose words are separated by blanks (NUT developer guide, "Status data").
struct UpsStatus {
  bool online = false;           ///< OL
  bool on_battery = false;       ///< OB
  bool low_battery = false;      ///< LB
  bool forced_shutdown = false;  ///< FSD
};

/// Nothing for a status that tells of no mains at all: neither OL nor OB nor FSD.
std::optional<UpsStatus> parse_ups_status(std::string_view text);

struct UpsSettings {
  std::chrono::milliseconds confirm{3000};  ///< so long on battery before it counts
  throttle::Cap cap = throttle::DutyCap{0};
  throttle::SignalClass signal_class = throttle::SignalClass::protective;
};

/// A dip shorter than the confirmation is ridden through; a low battery or a forced shutdown count
/// at once. What is confirmed is an outage, whose end begins the recovery. One thread.
class UpsWatch {
 public:
  explicit UpsWatch(UpsSettings settings) : settings_(settings) {}

  /// Of a status just read. Before the first confirmed level nothing is said, so that a start on
  /// battery stays at zero.
  std::vector<Update> observe(const throttle::Now& now, const UpsStatus& status);
  /// On battery, and not yet for long enough.
  bool confirming() const { return since_ && !said_outage_; }

 private:
  throttle::Signal signal(const throttle::Now& now, std::string reason, bool outage) const;

  UpsSettings settings_;
  std::optional<throttle::SteadyTime> since_;  ///< on battery
  bool said_ = false;
  bool said_outage_ = false;
};

}  // namespace ebb::sources
