#pragma once
// What the policy remembers from one evaluation to the next, and from one run to the next.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "throttle/limit.h"
#include "throttle/policy.h"

namespace ebb::throttle {

/// On its way back up.
enum class Return {
  none,     ///< nothing to return to, or caps in the way
  waiting,  ///< debounce, then the random return
  ramping
};

/// An economic source that asks for less than full.
struct Dwell {
  std::chrono::nanoseconds asked{0};    ///< for how long, without a break
  std::chrono::nanoseconds counted{0};  ///< for how long it has counted
  bool counts = false;
  Limit limit;  ///< while it counts
  friend bool operator==(const Dwell&, const Dwell&) = default;
};

/// Waits are kept as time already waited, never as deadlines, for the steady clock does not survive
/// a restart.
struct PolicyState {
  std::uint64_t seed = 0;        ///< of the random returns
  std::uint64_t last_event = 0;  ///< the highest number given
  std::uint64_t event = 0;       ///< under way; 0: none
  bool others = false;           ///< had the event a reason that is not the operator's?
  std::chrono::milliseconds random_return{0};  ///< drawn for the event

  Limit in_force;  ///< of the last decision
  Limit demand;    ///< what the reasons allowed then
  Return phase = Return::none;
  std::chrono::nanoseconds waited{0};
  double ramp = 0;  ///< fraction of full that the ramp has reached

  bool recovering = false;  ///< from an outage
  std::chrono::nanoseconds mains_good{0};
  std::map<std::string, std::chrono::nanoseconds, std::less<>> outages;  ///< live for so long
  std::map<std::string, Dwell, std::less<>> dwells;                      ///< by source

  std::optional<WallTime> wall;                      ///< of the last evaluation
  std::optional<WallTime> highest;                   ///< the latest time that a clock has shown
  std::optional<std::chrono::nanoseconds> settling;  ///< since the clock jumped

  // Of this process, not saved.
  std::optional<SteadyTime> started, last;

  friend bool operator==(const PolicyState&, const PolicyState&) = default;
};

struct Evaluation {
  Decision decision;
  PolicyState state;
  bool clock_believed = false;
  bool override_over = false;  ///< it has ended, and must not come back
};

/// The state with which a new process goes on.
PolicyState restarted(PolicyState saved, Start how, const PolicySettings& settings);

/// JSON. The error says what is wrong with a text that save() did not write.
std::string save(const PolicyState& state);
tl::expected<PolicyState, std::string> load_policy_state(std::string_view text);

}  // namespace ebb::throttle
