#pragma once
// Finds the share difficulty at which a client of unknown hashrate sends shares at a steady pace.

#include <chrono>
#include <optional>

namespace ebb::stratum::server {

struct VardiffConfig {
  std::chrono::duration<double> target_interval{2.0};  ///< wanted between two shares, > 0
  double min_difficulty = 1e-5;
  double max_difficulty = 1e15;
};

/// Counts shares over a window and moves the difficulty by what was counted. Finding shares is a
/// Poisson process, so a window ends only when kWindow shares came or should have come, and a count
/// within a factor of two of the expected one changes nothing: at kWindow = 32 a steady client is
/// moved about once in a thousand windows. Pure: time is passed in. One thread.
class Vardiff {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr double kWindow = 32;        ///< shares
  static constexpr double kSilenceWindow = 8;  ///< shares expected, none seen: enough to lower
  static constexpr double kMaxStep = 4;        ///< up or down, in one go

  /// The first window begins at `now`. `start` is brought within the configuration's bounds.
  Vardiff(VardiffConfig config, double start, TimePoint now);

  double difficulty() const { return difficulty_; }

  /// An accepted share that was judged at `difficulty`, which may be an earlier one.
  void count_share(double difficulty) { shares_ += difficulty / difficulty_; }

  /// True when the difficulty has just changed.
  bool retarget(TimePoint now);

  /// Sets the difficulty, within the bounds, and begins a new window: the client asked for it.
  void suggest(double difficulty, TimePoint now);

  /// Begins a new window: the client had no work until now.
  void restart(TimePoint now);

 private:
  double bounded(double difficulty) const;

  VardiffConfig config_;
  double difficulty_;
  double shares_ = 0;  ///< in this window, in units of shares at `difficulty_`
  TimePoint window_start_;
};

}  // namespace ebb::stratum::server
