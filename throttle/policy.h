#pragma once
// What the miner may do now, and why: a pure function of the time, the signals and the past.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "throttle/limit.h"
#include "throttle/signal_book.h"

namespace ebb::throttle {

/// What is known of a source beside its signals.
struct SourceRule {
  std::string name;
  SignalClass signal_class = SignalClass::mandatory;
  /// It must speak: a start waits for it, and its silence counts. A schedule and the operator need
  /// not: what they said stays good to its end.
  bool feed = false;
  std::chrono::seconds stale_after{240};
  std::chrono::seconds grace{240};  ///< after a start, until a source not yet heard is stale
  Cap fallback = DutyCap{0};        ///< of a mandatory or protective source that is stale
  double floor = 0;                 ///< the lowest fraction that it can demand
};

struct PolicySettings {
  std::vector<SourceRule> sources;
  std::chrono::seconds ramp_up{600};  ///< from zero to full; 0: at once
  std::optional<double>
      ramp_watts_per_minute;  ///< no faster than this either, where watts are known
  std::chrono::seconds economic_ramp_down{60};   ///< from full to zero
  std::chrono::seconds random_return{600};       ///< the most
  std::chrono::seconds debounce{5};              ///< every reason gone for so long
  std::chrono::seconds mains_good{300};          ///< after an outage, without a break
  std::chrono::milliseconds ride_through{2000};  ///< outages shorter than this are none
  std::chrono::seconds economic_dwell_off{0};    ///< an economic cap must last so long to count
  std::chrono::seconds economic_dwell_on{0};     ///< and then counts for so long
  std::chrono::seconds clock_settle{60};  ///< a clock that jumped must run so long to be believed
  bool trust_clock = false;               ///< believe a clock that nothing synchronises
  bool recover_from_outages = true;       ///< whether an unclean start is taken for an outage
};

enum class State {
  full,
  limited,
  shedding,  ///< asked for zero, not yet proved
  parked,    ///< zero, proved
  released,  ///< zero, proved, and the devices' idle power given back
  holdoff,   ///< no cap stands, waiting to return
  ramping,
  fault  ///< asked for zero, and it could not be reached
};
std::string_view name(State state);

/// What the devices have been seen to do about a limit of zero.
enum class Zero { not_asked, awaited, proved, released, failed };

/// A forced run, from a person: over economic caps, the operator's own holds and mandatory sources
/// that are stale; never over a protective cap or a mandatory one that is fresh. It spares the
/// random return, not the ramp and not the recovery from an outage.
struct Override {
  WallTime until{};
  std::string reason;
  friend bool operator==(const Override&, const Override&) = default;
};

/// One thing that keeps the limit below full, or would without an override.
struct Reason {
  std::string source;  ///< of a signal or of a silence; else "policy"
  std::optional<SignalClass> signal_class;
  Limit limit;  ///< that it alone would impose
  std::string text;
  std::optional<WallTime> until;  ///< as far as is known
  bool overridden = false;
  friend bool operator==(const Reason&, const Reason&) = default;
};

struct PlannedChange {
  WallTime at{};
  std::string text;  ///< "schedule: 0% (KEGOC order)"
  friend bool operator==(const PlannedChange&, const PlannedChange&) = default;
};

struct Decision {
  Limit limit;
  State state = State::full;
  std::vector<Reason> reasons;  ///< every one, the most restrictive first
  std::optional<WallTime>
      earliest_return;  ///< to full, as far as can be told; nothing: no end known
  std::optional<PlannedChange> next;
  /// The episode that this belongs to: from the first cap below full to full again, restarts and
  /// extensions included. 0 outside.
  std::uint64_t event = 0;
  bool recovering = false;  ///< an outage stands, or the mains has not been good for long enough
  friend bool operator==(const Decision&, const Decision&) = default;
};

/// How the process came to run.
enum class Start {
  fresh,   ///< nothing was kept from before
  clean,   ///< the last run ended as it should
  killed,  ///< the last run ended without a word, in this same boot of the machine
  outage   ///< and the machine has been booted since
};

/// What there is to decide on.
struct Situation {
  Now now;
  std::span<const Signal> signals;
  const HeardTimes& heard;  ///< by this process
  const std::optional<Override>& override;
  Zero zero = Zero::not_asked;
  Plant plant;
};

/// The past, as far as decisions need it, and what an evaluation gives: throttle/policy_state.h.
struct PolicyState;
struct Evaluation;

/// A function of its arguments alone: the same timeline gives the same decisions. Call at least
/// once a second; of a longer gap only kMaxGap counts for waits and ramps.
Evaluation evaluate(const PolicySettings& settings, const Situation& situation, PolicyState past);

/// A clock that goes astray by more between two evaluations has jumped.
inline constexpr std::chrono::seconds kClockJump{2};
inline constexpr std::chrono::seconds kMaxGap{10};

}  // namespace ebb::throttle
