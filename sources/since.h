#pragma once
// Since when a source says what it says.

#include <optional>

#include "throttle/signal.h"

namespace ebb::sources {

/// Gives a signal that is said again the time at which it was said first, so that it is the same.
class Since {
 public:
  void stamp(throttle::Signal& signal, throttle::WallTime now) {
    if (!said_ || said_->cap != signal.cap || said_->reason != signal.reason) {
      said_ = signal;
      said_->valid_from = now;
    }
    signal.valid_from = said_->valid_from;
  }

 private:
  std::optional<throttle::Signal> said_;
};

}  // namespace ebb::sources
