#include "throttle/schedule/first_signals.h"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

namespace ebb::throttle {
namespace {

/// How many more than wanted are gathered before the later ones are dropped.
constexpr std::size_t kSpare = 1024;

bool is_before(const Signal& a, const Signal& b) {
  return std::tie(a.valid_from, a.id) < std::tie(b.valid_from, b.id);
}

}  // namespace

FirstSignals::FirstSignals(WallTime from, WallTime to, std::size_t most)
    : from_(from), to_(most == 0 ? from : to), most_(most) {}

void FirstSignals::add(Signal signal) {
  if (signal.valid_from >= to_) return;
  if (signal.valid_until &&
      (*signal.valid_until <= from_ || *signal.valid_until <= signal.valid_from)) {
    return;
  }
  signals_.push_back(std::move(signal));
  if (signals_.size() - std::min(most_, signals_.size()) >= kSpare) keep_first();
}

void FirstSignals::keep_first() {
  std::sort(signals_.begin(), signals_.end(), is_before);
  if (signals_.size() <= most_) return;
  signals_.erase(signals_.begin() + static_cast<std::ptrdiff_t>(most_), signals_.end());
  // One that begins with the last may still come before it by its id.
  if (most_ > 0) to_ = std::min(to_, signals_.back().valid_from + WallTime::duration(1));
}

std::vector<Signal> FirstSignals::take() {
  keep_first();
  return std::exchange(signals_, {});
}

}  // namespace ebb::throttle
