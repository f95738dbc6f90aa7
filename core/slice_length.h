#pragma once
// How many nonces make a slice of the right length.

#include <chrono>
#include <cstdint>

#include "core/device.h"
#include "core/duty.h"

namespace ebb::core {

/// Begins with a small slice and finds the device's speed from how long slices take. Pure: time
/// comes in as arguments. One thread.
class SliceLength {
 public:
  explicit SliceLength(SliceTimes times) : times_(times) {}

  /// Nonces of the next slice. Needs duty > 0.
  std::uint64_t next(Duty duty);

  /// The slice of next() was scanned to its end and kept the device busy for so long. Of one that
  /// ended early nothing can be learnt.
  void took(std::chrono::nanoseconds busy);

 private:
  // Kernels scan whole vectors: slices in multiples of this waste none.
  static constexpr std::uint64_t kGranule = 64;

  void scale(double factor);

  SliceTimes times_;
  std::chrono::nanoseconds aim_{0};  ///< of the last slice, before a low duty made it shorter
  double target_ns_ = 0;             ///< of the last slice
  std::uint64_t nonces_ = 4 * kGranule;
};

}  // namespace ebb::core
