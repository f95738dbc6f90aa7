#include "miner/lifetime.h"

#include <csignal>
#include <utility>

namespace ebb::miner {

Lifetime::Lifetime(boost::asio::io_context& io, std::optional<std::chrono::milliseconds> run_for,
                   std::function<void()> stop)
    : signals_(io, SIGINT, SIGTERM), timer_(io), stop_(std::move(stop)) {
  signals_.async_wait([this](boost::system::error_code error, int) {
    if (!error) end();
  });
  if (!run_for) return;
  timer_.expires_after(*run_for);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) end();
  });
}

void Lifetime::end() {
  if (!stop_) return;
  signals_.cancel();  // a wait under way would keep the io_context busy
  signals_.clear();
  timer_.cancel();
  std::exchange(stop_, nullptr)();
}

}  // namespace ebb::miner
