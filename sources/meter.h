#pragma once
// A site's meter: a [[meter]] of the configuration, shared by the sources that look at it.

#include <memory>
#include <optional>
#include <string>

#include "sources/source.h"
#include "throttle/signal_book.h"

namespace ebb::sources {

struct MeterReading {
  std::optional<double> watts;  ///< drawn from the grid; below zero: exported
  std::optional<double> hertz;
  throttle::SteadyTime at{};
};

/// Read on a thread of its own from the first user on. From any thread.
class SharedMeter {
 public:
  virtual ~SharedMeter() = default;
  /// The latest; nothing before the first. It may be old: see its time.
  virtual std::optional<MeterReading> latest() const = 0;
  virtual Health health() const = 0;
  virtual std::chrono::milliseconds period() const = 0;
};

}  // namespace ebb::sources
