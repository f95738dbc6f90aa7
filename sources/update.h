#pragma once
// What a source tells the throttle.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "throttle/signal.h"

namespace ebb::sources {

/// A signal that replaces the one of its id. Of each signal here, whoever takes it in fills in
/// `source` and `received_at`.
struct Said {
  throttle::Signal signal;
};
/// A complete set: what the source said before and is not in it is retracted.
struct SaidAll {
  std::vector<throttle::Signal> signals;
};
/// What stood under the id is over.
struct Retracted {
  std::string id;
  std::uint64_t sequence = 0;
};
/// The source is there, and what it said still holds. Only for word from the source itself: a
/// connection that stands is none.
struct StillThere {};

using Update = std::variant<Said, SaidAll, Retracted, StillThere>;

}  // namespace ebb::sources
