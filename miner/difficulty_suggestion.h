#pragma once
// Which share difficulty to ask a pool for while the hashrate is capped.

#include <chrono>
#include <optional>

namespace ebb::miner {

/// The difficulty that the user wants at full rate, scaled to the rate that is allowed, so that
/// shares keep coming as often. Says a new one only where it matters. Pure; time only goes forward.
class DifficultySuggestion {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::seconds kPeriod{60};  ///< at most one in so long
  static constexpr double kChange = 0.25;             ///< and no smaller change than this
  static constexpr double kLeast = 0.01;              ///< of the full rate's

  /// `at_full`: nothing suggests nothing.
  explicit DifficultySuggestion(std::optional<double> at_full)
      : at_full_(at_full), latest_(at_full) {}

  /// `fraction` of full work is allowed now. The difficulty to suggest, if any. Zero changes
  /// nothing: there are no shares to space.
  std::optional<double> update(Clock::time_point now, double fraction);

 private:
  std::optional<double> at_full_, latest_;
  std::optional<Clock::time_point> said_at_;
};

}  // namespace ebb::miner
