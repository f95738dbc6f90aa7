#pragma once
// Where watts come from.

#include <memory>
#include <optional>
#include <vector>

#include "throttle/power_reading.h"

namespace ebb::throttle {

/// One thread; never blocks for longer than it takes to read a small file.
class PowerMeter {
 public:
  virtual ~PowerMeter() = default;
  virtual MeterKind kind() const = 0;
  /// The latest; nothing when there is none younger than a few of its own periods. `fraction`: the
  /// part of full work in force now, from which models compute.
  virtual std::optional<PowerReading> read(SteadyTime now, double fraction) = 0;
};

/// The best reading at hand: the site's meter, else the sum of the counters of cards and CPU
/// packages, which each see a part of the machine, else a model. A sum needs all its parts: with
/// one silent it would read low.
class BestMeter {
 public:
  void add(std::unique_ptr<PowerMeter> meter);
  std::optional<PowerReading> read(SteadyTime now, double fraction);

 private:
  std::optional<PowerReading> read_parts(SteadyTime now, double fraction);

  std::vector<std::unique_ptr<PowerMeter>> whole_;  ///< the best kind first
  std::vector<std::unique_ptr<PowerMeter>> parts_;
};

}  // namespace ebb::throttle
