#pragma once
// What happens to a miner, written down: signals, power cuts, restarts, clock jumps.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "throttle/policy.h"
#include "throttle/schedule/schedule.h"

namespace ebb::throttle {

/// Received at the step's time and in force from then on, unless the signal says from when.
struct SendSignal {
  Signal signal;
  std::optional<WallTime> from;
  std::optional<std::chrono::milliseconds> lasts;  ///< instead of signal.valid_until
};
struct RetractSignal {
  std::string source, id;
};
/// A heartbeat.
struct Heard {
  std::string source;
};
struct SetOverride {
  std::optional<std::string> reason;  ///< nothing: the override ends
  std::optional<WallTime> until;
  std::chrono::milliseconds lasts{0};  ///< without `until`
};
/// The machine is off for so long.
struct PowerCut {
  std::chrono::milliseconds lasts{0};
  bool unclean = true;  ///< else it was shut down in order
};
/// Of the program alone, in order.
struct Restart {};
/// Of the program alone, kill -9; it is started again at once.
struct Kill {};
struct ClockJump {
  std::chrono::milliseconds by{0};
};
struct ClockSynchronised {
  bool yes = true;
};
/// The configuration is edited.
struct NewSchedule {
  std::vector<ScheduleWindow> windows;
};

struct Step {
  WallTime at{};  ///< by a clock that never jumps
  std::variant<SendSignal, RetractSignal, Heard, SetOverride, PowerCut, Restart, Kill, ClockJump,
               ClockSynchronised, NewSchedule>
      what;
  std::optional<std::chrono::milliseconds> every;  ///< again and again,
  WallTime last{};                                 ///< up to and including this time
};

struct Timeline {
  static constexpr std::size_t kMaxSteps = 1'000'000;  ///< repetitions counted
  static constexpr std::chrono::days kMaxLength{3660};

  WallTime begin{}, end{};
  bool clock_synchronised = true;  ///< at the beginning
  std::vector<Step> steps;         ///< in order of `at`
};

/// TOML; docs/throttle.md describes it. The error names the line.
tl::expected<Timeline, std::string> parse_timeline(std::string_view text);

}  // namespace ebb::throttle
