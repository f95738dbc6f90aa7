#pragma once
// Found blocks on their way to a node: on disk first, then submitted until the node judged them.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>

#include "stratum/backoff.h"
#include "stratum/node/block_store.h"
#include "stratum/node/block_verdict.h"

namespace ebb::stratum::node {

struct BlockDeliveryConfig {
  /// Between two tries of a block that the node cannot judge yet.
  std::chrono::milliseconds unsettled_retry{10'000};
  /// After so long, answered all the time, its answer counts as a refusal.
  std::chrono::milliseconds unsettled_patience{600'000};
};

/// On an easy network workers solve the same block many times over before the next template is
/// there. Once one was accepted its siblings are worthless, and until then a few are enough. One
/// thread, the executor's.
class BlockDelivery {
 public:
  /// Unjudged at one time on one previous block.
  static constexpr std::size_t kMaxSiblings = 2;

  using Config = BlockDeliveryConfig;
  struct Listener {
    /// Hands the bytes over; `done` is called once, later. One at a time.
    std::function<void(core::Bytes block, std::function<void(BlockVerdict)> done)> submit;
    /// Accepted, side_branch or refused.
    std::function<void(const SolvedBlock&, const BlockVerdict&)> on_judged;
    /// A sibling of one that was accepted: it is not submitted.
    std::function<void(const SolvedBlock&)> on_outdated;
    /// Worth a line in the log.
    std::function<void(std::string)> on_trouble;
  };

  BlockDelivery(const boost::asio::any_io_executor& executor, BlockStore store, Listener listener,
                Config config = {});

  enum class Added {
    taken,
    outdated,  ///< a sibling was accepted
    enough,    ///< kMaxSiblings wait already
  };
  /// What add() would say to a block on this previous one.
  Added wants(const core::Hash256& prev_hash) const;

  /// A block that cannot be written is submitted all the same.
  Added add(SolvedBlock block);

  /// Those that an earlier run left, or another store's owner.
  void add_kept();

  /// The node answers again, or has another tip: what waits is tried at once.
  void retry_now();

  /// The node gave a template on this block. If it is one that our last accepted block was built
  /// on, the node has forgotten ours since (it lost power): it gets that again, once.
  void on_tip(const core::Hash256& prev_hash);

  std::size_t unjudged() const { return waiting_.size() + (in_flight_ ? 1 : 0); }

  /// Tries nothing more. Blocks that are not judged stay on the disk.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    SolvedBlock block;
    Clock::time_point due{};
    std::optional<Clock::time_point> unsettled_since{};
  };

  void pump();
  void on_verdict(BlockVerdict verdict);
  void judge(const SolvedBlock& block, const BlockVerdict& verdict);

  BlockStore store_;
  Listener listener_;
  Config config_;
  boost::asio::steady_timer timer_;
  std::mt19937_64 random_{std::random_device{}()};
  Backoff backoff_;
  bool told_unanswered_ = false;
  bool stopped_ = false;
  std::deque<Entry> waiting_;
  std::optional<Entry> in_flight_;
  std::optional<core::Hash256> accepted_on_;  ///< previous hash of the last accepted block
  std::optional<SolvedBlock> last_accepted_;  ///< by any run, while it may be given again
  std::optional<core::Hash256> given_again_;
  std::shared_ptr<int> life_ = std::make_shared<int>();  ///< a timer's handler may come after us
};

}  // namespace ebb::stratum::node
