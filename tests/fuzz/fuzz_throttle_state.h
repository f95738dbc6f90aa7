#pragma once
// What the fuzzer of saved throttle states does with its bytes. The unit tests replay its corpus.

#include <chrono>
#include <stdexcept>
#include <string_view>

#include "throttle/policy_state.h"
#include "throttle/throttle.h"

namespace ebb::throttle {

/// Whatever is accepted is the same after it was saved and loaded again, and can be decided on.
inline void fuzz_throttle_state(std::string_view data) {
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  };
  if (const auto book = SignalBook::load(data)) {
    const auto again = SignalBook::load(book->save());
    must(again.has_value() && again->signals() == book->signals(), "book loaded again");
  } else {
    must(!book.error().empty() && book.error().size() < 300, "error text of a book");
  }
  if (const auto state = load_policy_state(data)) {
    must(load_policy_state(save(*state)) == *state, "state loaded again");
  } else {
    must(!state.error().empty() && state.error().size() < 300, "error text of a state");
  }
  PolicySettings settings;
  settings.sources = {{"site", SignalClass::protective, true}};
  auto throttle = Throttle::start(settings, Start::killed, data, 1);
  if (!throttle) {
    must(!throttle.error().empty() && throttle.error().size() < 400, "error text of a throttle");
    return;
  }
  Now now{SteadyTime(std::chrono::seconds(1)), WallTime(std::chrono::hours(450'000)), true};
  for (int i = 0; i < 20; ++i) {
    now.steady += std::chrono::seconds(7);
    now.wall += std::chrono::seconds(7);
    const Decision& decision = throttle->decide(now, Zero::proved, {1000, 100, 1e9});
    must(decision.limit.is_zero(), "a cold start is at zero");
    const auto again = Throttle::start(settings, Start::clean, throttle->save(), 1);
    must(again.has_value() && again->save() == throttle->save(), "throttle loaded again");
  }
}

}  // namespace ebb::throttle
