#pragma once
// When a command ends: a signal or the time asked for.

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <optional>

namespace ebb::miner {

/// Calls `stop` once, on the io thread, at the first SIGINT or SIGTERM or after `run_for`. From
/// then on a signal has its default effect again: it ends the process at once.
class Lifetime {
 public:
  Lifetime(boost::asio::io_context& io, std::optional<std::chrono::milliseconds> run_for,
           std::function<void()> stop);

 private:
  void end();

  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  std::function<void()> stop_;
};

}  // namespace ebb::miner
