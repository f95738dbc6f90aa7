#pragma once
// The pool behind --demo.

#include <boost/asio/io_context.hpp>
#include <memory>

#include "stratum/pool_url.h"
#include "stratum/server/pool_server.h"

namespace spdlog {
class logger;
}

namespace ebb::miner {

/// A line of the pool server in our log.
void log_pool_event(const stratum::server::PoolEvent& event, spdlog::logger& log);

/// A small pool on a free port of the loopback interface, with made-up blocks.
class DemoPool {
 public:
  /// Throws std::runtime_error when it cannot listen.
  DemoPool(boost::asio::io_context& io, spdlog::logger& log);

  const stratum::PoolUrl& url() const { return url_; }
  void stop() { server_.stop(); }

 private:
  stratum::server::PoolServer server_;
  stratum::PoolUrl url_;
};

}  // namespace ebb::miner
