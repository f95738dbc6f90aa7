#pragma once
// Which pool is mined now, and which are connected beside it. Pure: facts and the time in, a choice
// out.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ebb::stratum {

struct PoolStrategy {
  enum class Kind {
    failover,  ///< the first that works, in the order of the configuration
    quota,     ///< hashes split by weight
    rotate,    ///< one after the other
  };

  Kind kind = Kind::failover;
  std::chrono::milliseconds rotate_every{3'600'000};

  // Pools' habits set these; tests shorten them.
  /// A better pool is gone back to once it has had work for so long without a break.
  std::chrono::milliseconds proven_after{10'000};
  /// While no pool has work, another one is tried beside the others each time.
  std::chrono::milliseconds widen_after{5'000};
  /// One that was left stays connected for so long: scans end, and what they found is sent.
  std::chrono::milliseconds linger_least{2'000};
  /// And for so long if it owes verdicts on our shares.
  std::chrono::milliseconds linger{60'000};
  std::chrono::milliseconds slice{5'000};  ///< of quota: the shortest time for one pool
  /// A pool that refuses so many shares one after the other rests for a while.
  unsigned refusals = 30;
  std::chrono::milliseconds rest{300'000};
};

/// What is known of a pool.
struct PoolFacts {
  using Time = std::chrono::steady_clock::time_point;

  double weight = 1;                ///< above zero
  std::optional<Time> job_since{};  ///< it has had work without a break since; none: it has none
  bool resting = false;             ///< it refused too many shares: only when no other has work
  std::uint64_t hashes = 0;         ///< done for it, in all
  bool owes_verdicts = false;
  /// Not to be left once it was connected, and connected as soon as any pool is mined: what a node
  /// has not judged yet would lie there until it is.
  bool keeps_connected = false;
};

struct PoolChoice {
  std::optional<std::size_t> mined;  ///< it has work; none: no pool has
  std::vector<bool> connected;       ///< to be connected, one a pool
  friend bool operator==(const PoolChoice&, const PoolChoice&) = default;
};

/// One thread.
class PoolChooser {
 public:
  using Time = PoolFacts::Time;

  /// pools: at least one.
  PoolChooser(PoolStrategy strategy, std::size_t pools) : strategy_(strategy), records_(pools) {}

  /// Call at every change and once a second. `facts`: of each pool, in the configuration's order.
  PoolChoice choose(Time now, const std::vector<PoolFacts>& facts);

 private:
  using Facts = std::vector<PoolFacts>;

  struct Record {
    std::optional<Time> left_at;  ///< it was mined until then
    double served = 0;            ///< of quota: hashes by weight
    std::uint64_t hashes = 0;     ///< counted in `served`
    bool took_part = false;       ///< had work and did not rest when last looked at
    bool kept = false;            ///< keeps_connected, and was connected
  };

  std::optional<std::size_t> by_priority(Time now, const Facts& facts) const;
  std::optional<std::size_t> by_quota(Time now, const Facts& facts) const;
  std::optional<std::size_t> in_turn(Time now, const Facts& facts) const;
  bool stays(Time now, const Facts& facts, std::chrono::milliseconds at_least) const;
  void account(const Facts& facts);
  void go_to(Time now, std::optional<std::size_t> pool);
  std::vector<bool> connections(Time now, const Facts& facts);

  PoolStrategy strategy_;
  std::vector<Record> records_;
  double least_served_ = 0;  ///< of those that took part when any did
  std::optional<std::size_t> mined_;
  Time mined_since_{};
  /// While none is mined: since when, and the first to be tried then.
  std::optional<Time> none_since_;
  std::size_t first_tried_ = 0;
};

}  // namespace ebb::stratum
