#include "stratum/transport/dial.h"

#include <array>
#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <optional>
#include <utility>

#include "stratum/transport/happy_eyeballs.h"
#include "stratum/transport/name_lookup.h"
#include "stratum/transport/proxy_handshake.h"
#include "stratum/transport/tls_stream.h"

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

using Step = tl::expected<void, std::string>;

asio::awaitable<Step> open_tunnel(tcp::socket& socket, const Proxy& proxy, const HostPort& to) {
  const auto handshake = make_proxy_handshake(proxy, to);
  std::array<char, 1024> buffer;
  while (!handshake->done()) {
    const std::string output = handshake->take_output();
    const auto [write_error, written] =
        co_await asio::async_write(socket, asio::buffer(output), kNoThrow);
    if (write_error) co_return tl::unexpected(write_error.message());
    const auto [error, size] = co_await socket.async_read_some(asio::buffer(buffer), kNoThrow);
    if (error == asio::error::eof) co_return tl::unexpected<std::string>("it hung up");
    if (error) co_return tl::unexpected(error.message());
    if (auto step = handshake->receive({buffer.data(), size}); !step) co_return step;
  }
  co_return Step();
}

/// A socket that leads to the pool. `waits_for` says what is under way, for whoever loses patience.
asio::awaitable<tl::expected<tcp::socket, std::string>> reach(const HostPort& pool,
                                                              const std::optional<Proxy>& proxy,
                                                              std::string& waits_for) {
  const HostPort& first = proxy ? proxy->at : pool;
  const auto blamed = [&](const std::string& why) {
    return tl::unexpected(proxy ? "the proxy " + proxy->text() + ": " + why : why);
  };
  waits_for = "the name server";
  auto endpoints = co_await look_up(first);
  if (!endpoints) co_return blamed(endpoints.error());
  waits_for = proxy ? "the proxy " + proxy->text() : pool.text();
  auto socket = co_await connect_first(*std::move(endpoints));
  if (!socket) co_return blamed(socket.error());
  tune(*socket);
  if (proxy) {
    const auto opened = co_await open_tunnel(*socket, *proxy, pool);
    if (!opened) co_return blamed(opened.error());
  }
  co_return socket;
}

asio::awaitable<Dialled> connect(const PoolUrl& url, const PoolTransport& transport,
                                 std::string& waits_for) {
  auto socket = co_await reach(url.at, transport.proxy, waits_for);
  if (!socket) co_return tl::unexpected(socket.error());
  std::string remote = transport.proxy ? url.at.text() + " through " + transport.proxy->text()
                                       : remote_text(*socket);
  if (url.scheme == PoolUrl::Scheme::tcp) {
    co_return make_plain_stream(*std::move(socket), std::move(remote));
  }
  waits_for = url.at.text() + " to the TLS handshake";
  co_return co_await start_tls(*std::move(socket), url.at.host, transport, std::move(remote));
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
