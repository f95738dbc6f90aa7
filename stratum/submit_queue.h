#pragma once
// Between the workers and the pool: shares wait here for their turn.

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <vector>

#include "core/share.h"

namespace ebb::stratum {

/// Bounds the rate of submits and keeps the best when there are too many: vardiff has been seen to
/// fall to 5e-10 on regtest, where every slice finds thousands. The best hash goes first, so a
/// block is never behind a share. Also the last guard against sending a header twice. Pure: time
/// comes in as an argument. One thread.
class SubmitQueue {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    double per_second = 100;
    std::size_t burst = 100;
    std::size_t waiting = 200;
    std::size_t remembered = 20'000;  ///< headers sent, against duplicates
  };

  struct Dropped {
    enum class Why {
      worst,      ///< of a full queue
      duplicate,  ///< waits already, or was sent
    };
    Why why;
    core::Share share;
  };

  SubmitQueue() : SubmitQueue(Limits()) {}
  explicit SubmitQueue(Limits limits)
      : limits_(limits), tokens_(static_cast<double>(limits.burst)) {}

  /// What has no place; nothing when there is room.
  std::optional<Dropped> push(core::Share share);

  /// The next share that may be sent now, best first.
  std::optional<core::Share> pop(Clock::time_point now);

  /// Takes the turn of a share that is sent again and so does not wait here.
  bool take_turn(Clock::time_point now);

  bool empty() const { return waiting_.empty(); }
  const core::Share& best() const { return *waiting_.begin(); }  ///< when not empty

  /// Gives up what waits: the session it was for is gone.
  std::vector<core::Share> clear();

 private:
  struct BestFirst {
    bool operator()(const core::Share& a, const core::Share& b) const {
      return core::is_better(a, b);
    }
  };

  void refill(Clock::time_point now);

  Limits limits_;
  std::set<core::Share, BestFirst> waiting_;
  std::set<std::array<std::uint8_t, 32>> sent_;
  std::deque<std::array<std::uint8_t, 32>> sent_order_;
  double tokens_;
  Clock::time_point last_refill_{};
};

}  // namespace ebb::stratum
