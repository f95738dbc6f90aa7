#pragma once
// The signals that stand: one of each id of each source, the newest.

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "throttle/signal.h"

namespace ebb::throttle {

/// What a moment is, by both clocks.
struct Now {
  SteadyTime steady{};
  WallTime wall{};
  bool synchronised = false;  ///< whether something keeps the wall clock right
};

/// When each source was last heard.
using HeardTimes = std::map<std::string, SteadyTime, std::less<>>;

/// Pure; one thread. Bounded: kMaxSignals a source, of which the first to begin are kept, and
/// kMaxSources.
class SignalBook {
 public:
  static constexpr std::size_t kMaxSignals = 1024;
  static constexpr std::size_t kMaxSources = 64;
  static constexpr std::chrono::minutes kMaxSkew{5};
  static constexpr std::size_t kMaxReason = 500;  ///< bytes; longer ones are cut at a character
  static constexpr std::size_t kMaxName = 200;    ///< bytes of a source's name or an id

  /// Takes a signal in, and hears its source. The error says why it was refused: an old sequence,
  /// a clock that is off by more than kMaxSkew (unless it lowers what stands), no sense, too many.
  /// A source whose clock is off is not heard either way.
  tl::expected<void, std::string> accept(const Now& now, Signal signal);

  /// A source's complete new set, by which the ones that are absent are retracted. Signals that
  /// accept() would refuse leave what stands under their id; a set of an older sequence is a replay
  /// and changes nothing.
  void replace(const Now& now, std::string_view source, std::vector<Signal> signals);

  /// What stood under the id is over. False when nothing stood there, or `sequence` is old.
  bool retract(const Now& now, std::string_view source, std::string_view id,
               std::uint64_t sequence);

  /// The source is there and says what it said before.
  void heard(const Now& now, std::string_view source);

  /// Sorted by source, then id.
  std::vector<Signal> signals() const;

  /// When the source was last heard by this process.
  std::optional<SteadyTime> heard_at(std::string_view source) const;
  const HeardTimes& heard_times() const { return heard_; }

  /// Forgets the signals that ended at `wall` or before. Whether there were any.
  bool prune(WallTime wall);

  /// Survives a restart as JSON: the signals and sequences, not the times of hearing. The error
  /// says what is wrong with a text that save() did not write.
  std::string save() const;
  static tl::expected<SignalBook, std::string> load(std::string_view text);

 private:
  struct Source {
    std::map<std::string, Signal, std::less<>> signals;
    std::uint64_t sequence = 0;  ///< the newest seen
  };
  Source* find_or_add(std::string_view name);

  std::map<std::string, Source, std::less<>> sources_;
  HeardTimes heard_;
};

}  // namespace ebb::throttle
