#pragma once
// A site's meter: a [[meter]] of the configuration, shared by the sources that look at it.

#include <chrono>
#include <optional>
#include <stop_token>

#include "sources/source.h"
#include "throttle/signal_book.h"

namespace ebb::sources {

struct MeterReading {
  std::optional<double> watts;  ///< drawn from the grid; below zero: exported
  std::optional<double> hertz;
  throttle::SteadyTime at{};  ///< when the meter was asked

  friend bool operator==(const MeterReading&, const MeterReading&) = default;
};

/// Read on a thread of its own as long as somebody has it. From any thread.
class SharedMeter {
 public:
  virtual ~SharedMeter() = default;
  /// The latest; nothing before the first. It may be old: see its time.
  virtual std::optional<MeterReading> latest() const = 0;
  /// The latest once it is newer than `after`; nothing when none comes within `at_most`, or at a
  /// stop request.
  virtual std::optional<MeterReading> next(throttle::SteadyTime after,
                                           std::chrono::milliseconds at_most,
                                           const std::stop_token& stop) const = 0;
  virtual Health health() const = 0;
  virtual std::chrono::milliseconds period() const = 0;
};

}  // namespace ebb::sources
