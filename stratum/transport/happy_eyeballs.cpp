#include "stratum/transport/happy_eyeballs.h"

#include <algorithm>
#include <boost/asio.hpp>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>

namespace ebb::stratum {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxAttempts = 8;

/// What the attempts share: their handlers may come after the race is over.
struct Race {
  explicit Race(const asio::any_io_executor& executor) : wake(executor) {}

  asio::steady_timer wake;
  std::list<tcp::socket> sockets;
  std::optional<tcp::socket> winner;
  std::size_t failed = 0;
  bool news = false;
  boost::system::error_code error = asio::error::host_not_found;
};

/// However the race ends, by a winner or by cancellation, nobody runs on.
class Finish {
 public:
  explicit Finish(std::shared_ptr<Race> race) : race_(std::move(race)) {}
  ~Finish() {
    boost::system::error_code ignored;
    for (tcp::socket& socket : race_->sockets)
      socket.close(ignored);
  }
  Finish(const Finish&) = delete;
  Finish& operator=(const Finish&) = delete;

 private:
  std::shared_ptr<Race> race_;
};

void start(const std::shared_ptr<Race>& race, const tcp::endpoint& endpoint) {
  tcp::socket& socket = race->sockets.emplace_back(race->wake.get_executor());
  socket.async_connect(endpoint, [race, &socket](const boost::system::error_code& error) {
    if (error) {
      race->error = error;
      ++race->failed;
    } else if (!race->winner && socket.is_open()) {
      race->winner.emplace(std::move(socket));
    }
    race->news = true;
    race->wake.cancel();
  });
}

}  // namespace

Endpoints interleaved(const Endpoints& endpoints) {
  Endpoints same;
  Endpoints other;
  for (const tcp::endpoint& endpoint : endpoints) {
    (endpoint.protocol() == endpoints.front().protocol() ? same : other).push_back(endpoint);
  }
  Endpoints mixed;
  for (std::size_t i = 0; i < std::max(same.size(), other.size()); ++i) {
    if (i < same.size()) mixed.push_back(same[i]);
    if (i < other.size()) mixed.push_back(other[i]);
  }
  mixed.resize(std::min(mixed.size(), kMaxAttempts));
  return mixed;
}

asio::awaitable<tl::expected<tcp::socket, std::string>> connect_first(Endpoints endpoints) {
  const Endpoints order = interleaved(endpoints);
  const auto race = std::make_shared<Race>(co_await asio::this_coro::executor);
  const Finish finish(race);
  std::size_t started = 0;
  while (!race->winner && race->failed < order.size()) {
    race->news = false;
    race->wake.expires_at(Clock::time_point::max());
    if (started < order.size()) {
      start(race, order[started++]);
      race->wake.expires_after(kAttemptDelay);
    }
    co_await race->wake.async_wait(kNoThrow);
  }
  if (!race->winner) co_return tl::unexpected(race->error.message());
  co_return *std::move(race->winner);
}

}  // namespace ebb::stratum
