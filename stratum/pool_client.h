#pragma once
// A pool, for as long as the miner runs: connects, keeps a Session on the line, comes back after
// every loss.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "stratum/backoff.h"
#include "stratum/pool_url.h"
#include "stratum/transport/pool_transport.h"
#include "stratum/upstream.h"

namespace boost::asio {
class io_context;
}

namespace ebb::stratum {

struct PoolClientConfig {
  std::uint32_t pool = 0;  ///< stamped on every job (core::Job::pool)
  PoolUrl url;
  PoolTransport transport;
  std::string user;
  std::string password;
  std::string user_agent;
  std::optional<double> suggest_difficulty;
  bool submit_stale = false;         ///< the pool is known to pay for shares of jobs that it voided
  std::optional<PayoutRule> payout;  ///< whom its coinbase must pay

  // Real pools' habits set these; tests shorten them.
  Backoff::Times backoff{};
  std::chrono::milliseconds connect_timeout{10'000};  ///< from the name to the last handshake
  /// The same through a proxy: Tor builds its circuits first.
  std::chrono::milliseconds proxied_connect_timeout{60'000};
  std::chrono::milliseconds configure_timeout{3'000};   ///< then on without version rolling
  std::chrono::milliseconds handshake_timeout{60'000};  ///< until the first job
  std::chrono::milliseconds silence_timeout{300'000};   ///< without a line of any kind
  std::chrono::milliseconds reply_timeout{60'000};      ///< with a submit unanswered
  std::chrono::milliseconds drain_timeout{500};         ///< for last answers when stopping
};

class PoolClient final : public Upstream {
 public:
  PoolClient(boost::asio::io_context& io, PoolClientConfig config,
             std::function<void(PoolEvent)> sink);
  ~PoolClient() override;

  void start() override;
  void submit(core::Share share) override;
  void suggest_difficulty(double difficulty) override;
  /// The pool is given drain_timeout to answer.
  void stop() override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ebb::stratum
