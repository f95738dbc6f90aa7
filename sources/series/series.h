#pragma once
// Values over time, such as prices: what is known of them, and the caps that follow.

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "throttle/signal.h"

namespace ebb::sources {

/// A value from one moment to another. The ends may be open: nothing is computed with those.
struct Interval {
  throttle::WallTime from{};
  throttle::WallTime until{};
  double value = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
};
inline constexpr throttle::WallTime kOpenBegin = throttle::WallTime::min();
inline constexpr throttle::WallTime kOpenEnd = throttle::WallTime::max();

/// The most intervals of one publication, and of what is kept: 200 days of quarters of an hour.
inline constexpr std::size_t kMaxIntervals = 20'000;

/// When to stop, and when to go on. In between nothing changes.
struct Thresholds {
  double off_above = 0;
  double on_below = 0;  ///< at most off_above
  std::optional<double> off_at_once_above;
  unsigned off_after = 1;  ///< so many intervals in a row above; the last of them is off
  unsigned on_after = 1;   ///< so many in a row below
  throttle::Cap cap = throttle::DutyCap{0};
};

/// How reasons are worded: "price up to 120 EUR/MWh: above 80".
struct Wording {
  std::string noun;
  std::string unit;
};

/// What is known now.
struct Outlook {
  std::optional<Interval> now;                    ///< as far as it is known; nothing: a gap
  std::optional<throttle::WallTime> known_until;  ///< without a gap from now on
  std::vector<throttle::Signal> caps;             ///< not yet over, in order; kMaxCaps at most
};
inline constexpr std::size_t kMaxCaps = 500;

/// Pure; one thread.
class Series {
 public:
  /// `carry`: for how long a value stands for what follows as long as nothing is known of that.
  explicit Series(std::chrono::milliseconds carry = {}) : carry_(carry) {}

  /// A publication replaces what was known of its time. Of two intervals in it that overlap the
  /// later one counts. What has been judged and forgotten stays.
  void publish(std::span<const Interval> intervals);

  /// Judges all that is known, from the past on, for what is off depends on what was before.
  /// A gap is never off; it breaks a row and leaves off what was off before. Forgets what is over
  /// for more than a day.
  Outlook look(const Thresholds& thresholds, const Wording& wording, throttle::WallTime now);

 private:
  /// A stretch without a gap that is off.
  struct Stretch {
    throttle::WallTime from{}, until{};
    double highest = 0;
  };
  struct Past {
    throttle::WallTime end = kOpenBegin;
    bool off = false;
    unsigned above = 0, below = 0;  ///< in a row
    std::optional<Stretch> stretch;
  };
  using Intervals = std::map<throttle::WallTime, Interval>;

  static void judge(const Thresholds& thresholds, const Interval& interval, Past& past);
  throttle::WallTime carried(Intervals::const_iterator interval) const;
  void insert(const Interval& interval);

  std::chrono::milliseconds carry_;
  Intervals intervals_;  ///< by their beginning, none overlaps
  Past past_;            ///< of what is forgotten
};

/// "45.2", to six digits.
std::string number_text(double value);

}  // namespace ebb::sources
