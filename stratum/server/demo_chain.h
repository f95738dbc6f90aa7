#pragma once
// A make-believe block chain that follows a clock, for demonstrations and tests. It looks like the
// real one: transactions, witness commitment, refreshes between blocks.

#include <chrono>
#include <random>
#include <string>

#include "stratum/node/block_template.h"
#include "stratum/server/pool_time.h"

namespace ebb::stratum::server {

struct DemoConfig {
  std::uint64_t seed = 1;                    ///< the same seed, the same chain
  double network_difficulty = 16;            ///< rounded up to what nBits can say
  std::chrono::seconds block_interval{60};   ///< on average, between blocks of "the others"
  std::chrono::seconds refresh_interval{5};  ///< new transactions on the same previous block
};

/// nBits of the easiest target that is not easier than `difficulty` (finite and > 0).
std::uint32_t compact_from_difficulty(double difficulty);

/// Pure: time is passed in. One thread.
class DemoChain {
 public:
  DemoChain(DemoConfig config, PoolTime now);

  /// The template to work on.
  const node::BlockTemplatePtr& current() const { return template_; }

  /// Lets time pass; true when the template has changed. The others find blocks at random moments,
  /// within a quarter of the interval around the average.
  bool advance(PoolTime now);

  /// Puts a solved block on top of the chain; false when it is not built on the tip.
  bool accept(const core::Hash256& hash, const core::Hash256& prev_hash, PoolTime now);

  /// When advance() will have something to do.
  std::chrono::steady_clock::time_point next_change() const;

 private:
  void extend(const core::Hash256& tip, PoolTime now);
  void refresh(PoolTime now);

  DemoConfig config_;
  std::mt19937_64 random_;
  std::uint32_t bits_;
  std::uint32_t height_;
  core::Hash256 tip_;
  std::chrono::steady_clock::time_point next_block_;
  std::chrono::steady_clock::time_point next_refresh_;
  node::BlockTemplatePtr template_;
};

}  // namespace ebb::stratum::server
