#pragma once
// Turns a duty into pauses between slices.

#include <chrono>

#include "core/duty.h"

namespace ebb::core {

/// Keeps busy time at duty x elapsed time by an account: elapsed time earns at the duty's rate,
/// slices spend. Late wake-ups and uneven slices even out instead of adding up. Pure: time comes in
/// as arguments. One thread.
class Pacer {
 public:
  using Clock = std::chrono::steady_clock;
  using Duration = std::chrono::nanoseconds;

  /// Unused credit above this is lost, so a device that could not work does not catch up in a
  /// burst.
  static constexpr Duration kMaxCredit = std::chrono::milliseconds(50);

  /// Forgets the account: call when the device begins or resumes work.
  void start(Clock::time_point now) {
    last_ = now;
    credit_ns_ = 0;
  }

  /// Time has passed at this duty (a pause, a slice or both) and `busy` of it was spent working.
  /// Full duty leaves neither credit nor debt: a device's clock may run ahead of ours all day.
  void account(Clock::time_point now, Duration busy, Duty duty);

  /// Owes so much busy time before anything was done: the first pause comes so much sooner.
  void owe(Duration busy) { credit_ns_ -= static_cast<double>(busy.count()); }

  /// How long to pause before the next slice may start; zero to go on at once. Needs duty > 0.
  Duration pause(Duty duty) const;

 private:
  Clock::time_point last_{};
  double credit_ns_ = 0;
};

}  // namespace ebb::core
