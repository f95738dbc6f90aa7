#pragma once
// The first of many signals, in bounded memory.

#include <cstddef>
#include <vector>

#include "throttle/signal.h"

namespace ebb::throttle {

/// Of the signals that stand at some time in [from, to) the first `most`, by beginning, then id.
class FirstSignals {
 public:
  FirstSignals(WallTime from, WallTime to, std::size_t most);

  WallTime from() const { return from_; }
  /// What begins at this time or later is not wanted (any more).
  WallTime to() const { return to_; }
  std::size_t most() const { return most_; }

  /// Signals that end where they begin, or before, stand at no time.
  void add(Signal signal);

  /// In order; leaves nothing behind.
  std::vector<Signal> take();

 private:
  void keep_first();

  WallTime from_, to_;
  std::size_t most_;
  std::vector<Signal> signals_;
};

}  // namespace ebb::throttle
