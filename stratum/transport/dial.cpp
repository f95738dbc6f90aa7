#include "stratum/transport/dial.h"

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "stratum/transport/happy_eyeballs.h"
#include "stratum/transport/name_lookup.h"

namespace ebb::stratum {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace asio::experimental::awaitable_operators;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// Both are refinements; the connection works without.
void tune(tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
}

std::string remote_text(const tcp::socket& socket) {
  boost::system::error_code ignored;
  const tcp::endpoint endpoint = socket.remote_endpoint(ignored);
  return HostPort{endpoint.address().to_string(), endpoint.port()}.text();
}

/// `waits_for` says what is under way, for whoever loses patience.
asio::awaitable<Dialled> connect(const PoolUrl& url, const PoolTransport& transport,
                                 std::string& waits_for) {
  const HostPort& first = transport.proxy ? transport.proxy->at : url.at;
  waits_for = "the name server";
  auto endpoints = co_await look_up(first);
  if (!endpoints) co_return tl::unexpected(endpoints.error());
  waits_for = first.text();
  auto socket = co_await connect_first(*std::move(endpoints));
  if (!socket) co_return tl::unexpected(socket.error());
  tune(*socket);
  std::string remote = remote_text(*socket);
  if (transport.proxy || url.scheme != PoolUrl::Scheme::tcp) {
    co_return tl::unexpected(std::string("not yet"));
  }
  co_return make_plain_stream(*std::move(socket), std::move(remote));
}

asio::awaitable<void> sleep_for(std::chrono::milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(kNoThrow);
}

}  // namespace

asio::awaitable<Dialled> dial(PoolUrl url, DialOptions options) {
  std::string waits_for;
  auto done = co_await (connect(url, options.transport, waits_for) || sleep_for(options.timeout));
  if (done.index() == 1) co_return tl::unexpected("no answer from " + waits_for);
  co_return std::get<0>(std::move(done));
}

}  // namespace ebb::stratum
