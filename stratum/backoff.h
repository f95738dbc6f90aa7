#pragma once
// How long to wait before connecting again.

#include <algorithm>
#include <chrono>

namespace ebb::stratum {

/// Doubles from the first to the longest wait while attempts fail. Each wait is drawn between half
/// and all of the current step, so that thousands of miners that lost a pool together do not return
/// together.
class Backoff {
 public:
  using Milliseconds = std::chrono::milliseconds;

  struct Times {
    Milliseconds first{1000};
    Milliseconds longest{60'000};
    /// A connection that ends sooner than this counts as a failed attempt.
    Milliseconds proven{10'000};
  };

  Backoff() : Backoff(Times()) {}
  explicit Backoff(Times times) : times_(times), step_(times.first) {}

  /// The wait after a failure; `random` is uniform in [0, 1).
  Milliseconds next(double random) {
    const Milliseconds wait = Milliseconds(
        static_cast<Milliseconds::rep>(static_cast<double>(step_.count()) * (0.5 + random / 2)));
    step_ = std::min(2 * step_, times_.longest);
    return wait;
  }

  void succeeded() { step_ = times_.first; }
  bool is_proven(std::chrono::nanoseconds lasted) const { return lasted >= times_.proven; }

 private:
  Times times_;
  Milliseconds step_;
};

}  // namespace ebb::stratum
