#pragma once
// A pool, for as long as the miner runs: connects, keeps a Session on the line, comes back after
// every loss.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "stratum/pool_url.h"
#include "stratum/session.h"

namespace boost::asio {
class io_context;
}

namespace ebb::stratum {

struct PoolClientConfig {
  PoolUrl url;
  std::string user;
  std::string password;
  std::string user_agent;
  std::optional<double> suggest_difficulty;

  // Real pools' habits set these; tests shorten them.
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds configure_timeout{3'000};   ///< then on without version rolling
  std::chrono::milliseconds handshake_timeout{60'000};  ///< until the first job
  std::chrono::milliseconds silence_timeout{300'000};   ///< without a line of any kind
  std::chrono::milliseconds reply_timeout{60'000};      ///< with a submit unanswered
  std::chrono::milliseconds drain_timeout{500};         ///< for last answers when stopping
};

struct Connecting {
  std::string address;
};
struct Connected {
  std::string address;  ///< as resolved
};
/// The work of the connection is void.
struct Disconnected {
  std::string why;
  std::chrono::milliseconds retry_in{0};
};
/// A share that was not sent, or was but whose answer can no longer come.
struct ShareDropped {
  enum class Why { stale, duplicate, withheld, rate_limited, unanswered };
  Why why;
};
/// What the client tells its owner, in order: its own events and its session's.
using PoolEvent = std::variant<Connecting, Connected, Disconnected, ShareDropped, Event>;

/// Everything happens on the io_context's one thread; the sink is called there, too.
class PoolClient {
 public:
  PoolClient(boost::asio::io_context& io, PoolClientConfig config,
             std::function<void(PoolEvent)> sink);
  ~PoolClient();

  void start();

  /// Queues a share; every share ends in one ShareJudged or ShareDropped event.
  void submit(core::Share share);

  /// As Session does, now and on connections to come.
  void suggest_difficulty(double difficulty);

  /// Sends what waits, gives the pool drain_timeout to answer, closes. No event comes after the
  /// client has let go of the io_context.
  void stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ebb::stratum
