#pragma once
// How long to wait before connecting again.

#include <algorithm>
#include <chrono>

namespace ebb::stratum {

/// Doubles from 1 s to 60 s while attempts fail. Each wait is drawn between half and all of the
/// current step, so that thousands of miners that lost a pool together do not return together.
class Backoff {
 public:
  using Milliseconds = std::chrono::milliseconds;
  static constexpr Milliseconds kFirst{1000};
  static constexpr Milliseconds kLongest{60'000};
  /// A connection that ends sooner than this counts as a failed attempt.
  static constexpr Milliseconds kProven{10'000};

  /// The wait after a failure; `random` is uniform in [0, 1).
  Milliseconds next(double random) {
    const Milliseconds wait = Milliseconds(
        static_cast<Milliseconds::rep>(static_cast<double>(step_.count()) * (0.5 + random / 2)));
    step_ = std::min(2 * step_, kLongest);
    return wait;
  }

  void succeeded() { step_ = kFirst; }

 private:
  Milliseconds step_ = kFirst;
};

}  // namespace ebb::stratum
