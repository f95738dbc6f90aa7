#pragma once
// Servers on loopback that run on the test's own io_context.

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <chrono>
#include <exception>
#include <fstream>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "stratum/transport/dial.h"
#include "tests/unit/stratum/certificates.h"

namespace ebb::stratum {

namespace asio = boost::asio;
using asio::ip::tcp;

inline constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// Runs the coroutine to its end, which must come within a minute.
template <class T>
T finish(asio::io_context& io, asio::awaitable<T> task) {
  std::optional<T> result;
  std::exception_ptr thrown;
  const auto store = [](asio::awaitable<T> from, std::optional<T>& into) -> asio::awaitable<void> {
    into.emplace(co_await std::move(from));
  };
  asio::co_spawn(io, store(std::move(task), result), [&](std::exception_ptr error) {
    thrown = error;
    io.stop();
  });
  io.restart();
  io.run_for(std::chrono::minutes(1));
  if (thrown) std::rethrow_exception(thrown);
  if (!result) throw std::runtime_error("the coroutine does not end");
  return *std::move(result);
}

/// Serves each connection by `serve`, until the io_context is gone.
class Listener {
 public:
  using Serve = std::function<asio::awaitable<void>(tcp::socket)>;

  Listener(asio::io_context& io, Serve serve, const std::string& address = "127.0.0.1")
      : serve_(std::move(serve)), acceptor_(io, {asio::ip::make_address(address), 0}) {
    asio::co_spawn(io, accept(), asio::detached);
  }

  HostPort at(std::string host = "127.0.0.1") const {
    return {std::move(host), acceptor_.local_endpoint().port()};
  }
  int connections() const { return connections_; }

 private:
  asio::awaitable<void> accept() {
    for (;;) {
      auto [error, socket] = co_await acceptor_.async_accept(kNoThrow);
      if (error) co_return;
      ++connections_;
      asio::co_spawn(acceptor_.get_executor(), serve_(std::move(socket)), asio::detached);
    }
  }

  Serve serve_;
  tcp::acceptor acceptor_;
  int connections_ = 0;
};

/// Answers each line with the same line.
template <class Stream>
asio::awaitable<void> echo(Stream& stream, std::string& heard) {
  std::array<char, 512> buffer;
  for (;;) {
    const auto [error, size] = co_await stream.async_read_some(asio::buffer(buffer), kNoThrow);
    if (error) co_return;
    heard.append(buffer.data(), size);
    if (heard.ends_with('\n')) co_await asio::async_write(stream, asio::buffer(heard), kNoThrow);
  }
}

class TlsServer {
 public:
  explicit TlsServer(asio::io_context& io, const Identity& identity,
                     const std::string& address = "127.0.0.1")
      : listener_(
            io, [this](tcp::socket socket) { return serve(std::move(socket)); }, address) {
    context_.use_certificate(asio::buffer(identity.certificate_pem()), asio::ssl::context::pem);
    context_.use_private_key(asio::buffer(identity.key_pem()), asio::ssl::context::pem);
  }

  PoolUrl url(const std::string& host = "127.0.0.1") const {
    return {PoolUrl::Scheme::tls, listener_.at(host), ""};
  }

  /// For versions that OpenSSL's security level forbids.
  void speak_only(int version) {
    SSL_CTX_set_security_level(context_.native_handle(), 0);
    SSL_CTX_set_min_proto_version(context_.native_handle(), version);
    SSL_CTX_set_max_proto_version(context_.native_handle(), version);
  }

  const std::string& heard() const { return heard_; }          ///< in all connections
  const std::string& asked_for() const { return asked_for_; }  ///< by SNI
  bool cut_off = false;  ///< hang up after the handshake, without a word of TLS

 private:
  asio::awaitable<void> serve(tcp::socket socket) {
    asio::ssl::stream<tcp::socket> stream(std::move(socket), context_);
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, kNoThrow);
    if (error) co_return;
    const char* const name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
    asked_for_ = name == nullptr ? "" : name;
    if (cut_off) co_return;
    co_await echo(stream, heard_);
  }

  asio::ssl::context context_{asio::ssl::context::tls_server};
  std::string heard_;
  std::string asked_for_;
  Listener listener_;
};

inline Dialled dial_now(asio::io_context& io, const PoolUrl& url, PoolTransport transport = {},
                        std::chrono::milliseconds timeout = std::chrono::minutes(1)) {
  return finish(io, dial(url, DialOptions{std::move(transport), timeout}));
}

/// What comes back for a line; the error's text where none does.
inline std::string answer_to(asio::io_context& io, Stream& stream, const std::string& line) {
  const auto talk = [](Stream& with, const std::string& said) -> asio::awaitable<std::string> {
    const auto [write_error, written] = co_await with.write(asio::buffer(said));
    if (write_error) co_return write_error.message();
    std::string answer;
    std::array<char, 512> buffer;
    while (!answer.ends_with('\n')) {
      const auto [error, size] = co_await with.read_some(asio::buffer(buffer));
      if (error) co_return error.message();
      answer.append(buffer.data(), size);
    }
    co_return answer;
  };
  return finish(io, talk(stream, line));
}

}  // namespace ebb::stratum
