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

  /// What the miner draws, and what it was allowed just now.
  void tell(const Telemetry& telemetry);
  /// What the miner may draw so that the site draws `limit` by this reading; below zero: others
  /// draw more than that. Nothing while the miner's own power is not known.
  std::optional<WattRange> at(const MeterReading& reading, double limit) const;

 private:
  struct Own {
    throttle::SteadyTime at{};
    double watts = 0;
  };
  struct Allowed {
    throttle::SteadyTime at{};
    double fraction = 0;
  };
  void widen_by_decisions(WattRange& own) const;

  std::chrono::milliseconds delay_;
  std::deque<Own> past_;         ///< oldest first
  std::deque<Allowed> allowed_;  ///< of the last moments, oldest first
  double span_watts_ = 0;        ///< from rest to full work; 0: not known
};

}  // namespace ebb::sources
