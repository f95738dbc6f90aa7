#include "core/slice_length.h"

#include <algorithm>

namespace ebb::core {
namespace {

// Below this duty slices shrink with it, so that a device with slices of 5 ms still works about ten
// times a second.
constexpr double kWholeSliceDuty = 0.05;

double nanoseconds_of(std::chrono::nanoseconds time) {
  return static_cast<double>(time.count());
}

}  // namespace

std::uint64_t SliceLength::next(Duty duty) {
  const auto aim = duty.ppm >= Duty::kFullPpm ? times_.full : times_.paced;
  // At once, for a slice of full duty would cost a throttled device seconds of pause.
  if (aim < aim_) scale(nanoseconds_of(aim) / nanoseconds_of(aim_));
  aim_ = aim;
  target_ns_ = std::max(nanoseconds_of(aim) * std::min(1.0, duty.fraction() / kWholeSliceDuty),
                        nanoseconds_of(times_.least));
  return nonces_;
}

void SliceLength::took(std::chrono::nanoseconds busy) {
  // At most doubled or halved at a time: one slice on a busy machine is a poor measurement.
  scale(std::clamp(target_ns_ / std::max(nanoseconds_of(busy), 1.0), 0.5, 2.0));
}

void SliceLength::scale(double factor) {
  const auto nonces = static_cast<std::uint64_t>(static_cast<double>(nonces_) * factor);
  nonces_ = std::max((nonces + kGranule / 2) / kGranule, std::uint64_t{1}) * kGranule;
}

}  // namespace ebb::core
