#pragma once
// A small Stratum V1 pool: the demo's pool, the tests' partner, a server for benchmarks.

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "stratum/node/template_source.h"
#include "stratum/reject.h"
#include "stratum/server/pool_event.h"
#include "stratum/server/vardiff.h"

namespace ebb::stratum::server {

struct PoolServerConfig {
  std::string address = "127.0.0.1";  ///< an IP literal, without brackets
  std::uint16_t port = 0;             ///< 0: any free one
  double difficulty = 1;              ///< of the first shares; of all without vardiff
  std::optional<VardiffConfig> vardiff;
  std::size_t extranonce2_size = 8;         ///< bytes, 0..16
  std::uint32_t version_mask = 0x1fffe000;  ///< bits clients may roll (BIP 320); 0: none
  core::Bytes payout_script = {0x51};       ///< scriptPubKey; OP_TRUE: anyone may take it
  std::size_t max_clients = 4096;
  std::size_t max_queue_bytes = std::size_t{1} << 20;  ///< unsent per client; then it is dropped
  /// Without a line from the client; then it is dropped. Long, for a throttled miner is silent.
  std::chrono::seconds idle_timeout{3600};
  PoolEventSink on_event;  ///< may be empty; must not call the server
};

struct PoolEndpoint {
  std::string address;
  std::uint16_t port = 0;
};

/// A block that clients solved and the template source has judged.
struct PoolBlock {
  std::uint32_t height = 0;
  std::string hash;  ///< as explorers print it
  bool accepted = false;
  std::string result;  ///< BlockResult::text
};

struct PoolStatistics {
  static constexpr std::size_t kMaxBlocks = 100;

  std::size_t clients = 0;        ///< now
  std::uint64_t connections = 0;  ///< ever
  std::uint64_t jobs = 0;         ///< templates handed out
  std::uint64_t accepted = 0;
  double accepted_difficulty = 0;  ///< sum; times 2^32 it is the number of hashes they stand for
  std::map<RejectReason, std::uint64_t> rejected;
  std::uint64_t bad_lines = 0;
  std::uint64_t blocks_accepted = 0;
  std::vector<PoolBlock> blocks;  ///< the last kMaxBlocks
};

/// Every call is made on the one thread that runs `executor`, or while none does. No threads of its
/// own. Destroy it before the execution context.
class PoolServer {
 public:
  PoolServer(boost::asio::any_io_executor executor, PoolServerConfig config,
             std::unique_ptr<node::TemplateSource> source);
  ~PoolServer();
  PoolServer(const PoolServer&) = delete;
  PoolServer& operator=(const PoolServer&) = delete;

  /// Binds, listens and begins to follow the source; call once. The endpoint is the bound one. An
  /// error says what is wrong with the configuration or the address.
  tl::expected<PoolEndpoint, std::string> start();

  /// Closes every connection and stops the source. The execution context runs out of the server's
  /// work soon: at once, but for a block that is being delivered.
  void stop();

  PoolStatistics statistics() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ebb::stratum::server
