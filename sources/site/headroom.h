#pragma once
// What a site leaves to the miner.

#include <chrono>
#include <deque>
#include <optional>

#include "sources/meter.h"
#include "sources/source.h"

namespace ebb::sources {

/// Watts, as bounds: a meter of a site is late, by how much nobody knows, so what it shows may
/// hold any of the powers that the miner has drawn lately.
struct WattRange {
  double least = 0, most = 0;
};

/// Pure; one thread. Whatever the delay, up to `delay`, the truth lies within the bounds as long as
/// the rest of the site stands still: a cap that is moved only when it lies outside of them does
/// not chase its own echo.
class Headroom {
 public:
  explicit Headroom(std::chrono::milliseconds delay) : delay_(delay) {}

  /// What the miner draws, and what it will within a moment after a decision.
  void tell(const Telemetry& telemetry);
  /// What the miner may draw so that the site draws `limit` by this reading; below zero: others
  /// draw more than that. Nothing while the miner's own power is not known.
  std::optional<WattRange> at(const MeterReading& reading, double limit) const;
  /// What the miner draws by the last word.
  std::optional<double> own() const;

 private:
  void expect(const Telemetry& telemetry);

  struct Own {
    throttle::SteadyTime at{};
    double watts = 0;
  };
  std::chrono::milliseconds delay_;
  std::deque<Own> past_;         ///< oldest first
  std::optional<Own> expected_;  ///< after the last decision, while past_ does not show it
  std::optional<throttle::Limit> limit_;
};

}  // namespace ebb::sources
