#pragma once
// What the miner has done so far. All on the io thread.

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "miner/latency_histogram.h"
#include "stratum/pool_group.h"
#include "stratum/reject.h"

namespace ebb::miner {

/// Hashrate over sliding windows, from one cumulative count. Sampled once a second; 15 minutes of
/// samples are kept.
class HashrateMeter {
 public:
  using Clock = std::chrono::steady_clock;

  void sample(Clock::time_point now, std::uint64_t hashes);

  /// Hashes per second over the last `window`, or over all samples while there are fewer.
  double over(std::chrono::seconds window) const;

 private:
  struct Sample {
    Clock::time_point at;
    std::uint64_t hashes;
  };
  std::deque<Sample> samples_;
};

struct ShareStatistics {
  std::uint64_t accepted = 0;
  std::array<std::uint64_t, std::size(stratum::kAllRejectReasons)> rejected{};
  std::uint64_t stale = 0;       ///< not sent: the job was void
  std::uint64_t withheld = 0;    ///< not sent: the pool had raised the difficulty
  std::uint64_t not_sent = 0;    ///< not sent: more than the submit rate, or sent before
  std::uint64_t unanswered = 0;  ///< sent, and the connection ended before the answer
  std::uint64_t blocks = 0;      ///< shares that met the network target
  LatencyHistogram latency;      ///< of verdicts, from the submit on
  double accepted_difficulty = 0;
  double best_difficulty = 0;

  std::uint64_t& rejected_for(stratum::RejectReason reason) {
    return rejected[static_cast<std::size_t>(reason)];
  }
  std::uint64_t rejected_total() const;
};

struct PoolStatistics {
  std::string address{};  ///< the url as configured, without credentials
  std::uint64_t jobs = 0;
  std::uint64_t connections = 0;
  std::uint64_t bad_lines = 0;  ///< lines from the pool that could not be used
  double difficulty = 0;        ///< 0 before the first set_difficulty
  stratum::MemberState::Now now = stratum::MemberState::Now::idle;
  std::uint64_t hashes = 0;
  std::string payout{};  ///< whom it pays, in words; empty: not seen
  ShareStatistics shares{};

  bool connected() const { return now >= stratum::MemberState::Now::connected; }
};

}  // namespace ebb::miner
