#pragma once
// Something that reads a meter.

#include <stop_token>
#include <string>
#include <tl/expected.hpp>

#include "sources/meter.h"

namespace ebb::sources {

/// No meter shows more, whatever a register says.
inline constexpr double kMaxMeterWatts = 1e9;

/// One thread.
class MeterReader {
 public:
  virtual ~MeterReader() = default;
  /// "10.0.0.7:502/1"
  virtual std::string where() const = 0;
  /// What it shows now. Blocks for a few seconds at most and ends within a second of a stop
  /// request. The error is one line.
  virtual tl::expected<MeterReading, std::string> read(throttle::SteadyTime now,
                                                       const std::stop_token& stop) = 0;
};

/// What makes no sense as watts or hertz is left out.
MeterReading sane(MeterReading reading);

}  // namespace ebb::sources
