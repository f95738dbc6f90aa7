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
  /// A pool that is to be gone back to must have had work for so long without a break.
  std::chrono::milliseconds proven_after{10'000};
  /// A pool that is tried beside the one that is mined and gives no work is let go after this, and
  /// tried again after retry_after.
  std::chrono::milliseconds try_for{60'000};
  std::chrono::milliseconds retry_after{60'000};
  /// One that was left stays connected for so long: its last shares are judged.
  std::chrono::milliseconds linger{60'000};
  std::chrono::milliseconds slice{5'000};  ///< quota: the shortest time with one pool
};

/// What is known of a pool.
struct PoolFacts {
  using Time = std::chrono::steady_clock::time_point;

  double weight = 1;              ///< above zero
  std::optional<Time> job_since;  ///< it has had work without a break since then; none: it has none
  std::uint64_t hashes = 0;       ///< done for it
  bool owes_answers = false;      ///< shares of ours wait for its verdict
};

struct PoolChoice {
  std::optional<std::size_t> mined;  ///< none: no pool has work
  std::vector<bool> connected;       ///< to be connected
  friend bool operator==(const PoolChoice&, const PoolChoice&) = default;
};

/// One thread.
class PoolChooser {
 public:
  using Time = PoolFacts::Time;

  PoolChooser(PoolStrategy strategy, std::size_t pools);

  /// Call often enough: at every change, and once a second. `facts`: one a pool, in their order.
  /// What is mined always has work.
  PoolChoice choose(Time now, const std::vector<PoolFacts>& facts);

 private:
  struct Record {
    std::optional<Time> tried_since;  ///< connected without work since
    std::optional<Time> rests_until;  ///< after a try that gave no work
    std::optional<Time> left_at;      ///< was mined until
    double served = 0;                ///< quota: hashes by weight, since all counts began
    std::uint64_t hashes_seen = 0;
  };

  std::optional<std::size_t> by_priority(Time now, const std::vector<PoolFacts>& facts) const;
  std::optional<std::size_t> by_quota(Time now, const std::vector<PoolFacts>& facts);
  std::optional<std::size_t> in_turn(Time now, const std::vector<PoolFacts>& facts) const;

  PoolStrategy strategy_;
  std::vector<Record> records_;
  std::optional<std::size_t> mined_;
  Time mined_since_{};
};

}  // namespace ebb::stratum
