#pragma once
// What a site's meter means for the miner.

#include <string>
#include <vector>

#include "sources/meter.h"
#include "sources/source.h"

namespace ebb::sources {

/// Pure; one thread at a time.
class SiteRule {
 public:
  virtual ~SiteRule() = default;
  virtual void tell(const Telemetry& telemetry) = 0;
  /// A new reading. What it gives is nothing or complete sets of one signal, without times.
  virtual std::vector<Update> read(const MeterReading& reading) = 0;
  /// Still none.
  virtual std::vector<Update> silent(throttle::SteadyTime now) = 0;
  /// What it makes of the last reading, and what is wrong; one line each, or nothing.
  virtual std::string last() const = 0;
  virtual std::string trouble() const = 0;
};

/// A meter that said nothing for so long is silent, however seldom it is read.
inline constexpr std::chrono::seconds kMeterSilent{10};

inline constexpr const char* kNoOwnPower =
    "the miner's own power is not known: [power] wants a meter or a nameplate";
inline constexpr const char* kNoWatts = "the meter shows no watts";

}  // namespace ebb::sources
