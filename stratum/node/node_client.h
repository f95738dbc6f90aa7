#pragma once
// Solo mining: a full node as an upstream. Templates by getblocktemplate with long polling, blocks
// of our own by submitblock (BIP 22, 23, 145).

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "stratum/node/address.h"
#include "stratum/node/block_delivery.h"
#include "stratum/pool_url.h"
#include "stratum/upstream.h"

namespace boost::asio {
class io_context;
}

namespace ebb::stratum::node {

struct NodeClientConfig {
  std::uint32_t pool = 0;             ///< stamped on every job (core::Job::pool)
  PoolUrl url;                        ///< of scheme http or https
  std::filesystem::path cookie_file;  ///< instead of credentials in the URL; see NodeAccess
  std::filesystem::path ca_file;
  Address payout;  ///< whom blocks pay
  /// Found blocks lie here, in a folder for each chain, until the node has judged them.
  std::filesystem::path blocks_folder;

  // Real nodes' habits set these; tests shorten them.
  std::chrono::milliseconds poll_interval{1'000};     ///< without long polling
  std::chrono::milliseconds refresh_interval{5'000};  ///< then a changed job at most this often
  std::chrono::milliseconds keep_alive{60'000};       ///< an unchanged job again, for its time
  std::chrono::milliseconds call_timeout{10'000};
  std::chrono::milliseconds long_poll_limit{75'000};  ///< then asked anew: it may be half-open
  std::chrono::milliseconds submit_timeout{60'000};
  /// A node that stops answering is mined for so long: a block on the last template is as good when
  /// it is back.
  std::chrono::milliseconds patience{30'000};
  std::chrono::milliseconds drain_timeout{2'000};  ///< for a block's verdict when stopping
  BlockDelivery::Config delivery;
};

/// The node must be on the network of the payout address; its blocks must need no signature of the
/// network's owners (as signet's do), and it must approve of our block before any work is done on
/// it, where it can say. Otherwise there is no job, and it is asked again later.
///
/// Every share is a block: the share target is the network's.
class NodeClient final : public Upstream {
 public:
  /// `sink` must not call the client.
  NodeClient(boost::asio::io_context& io, NodeClientConfig config,
             std::function<void(PoolEvent)> sink);
  ~NodeClient() override;
  NodeClient(const NodeClient&) = delete;
  NodeClient& operator=(const NodeClient&) = delete;

  void start() override;
  void submit(core::Share share) override;
  void suggest_difficulty(double) override {}  ///< the network's is not for the asking
  /// The node is given drain_timeout to judge a block.
  void stop() override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ebb::stratum::node
