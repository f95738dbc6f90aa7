#include "stratum/server/client_connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace ebb::stratum::server {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

std::string peer_of(const asio::ip::tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "unknown";
  return endpoint.address().to_string() + ':' + std::to_string(endpoint.port());
}

}  // namespace

ClientConnection::ClientConnection(asio::ip::tcp::socket socket, std::uint64_t number,
                                   ServerSessionConfig config, ConnectionLimits limits,
                                   Listener listener)
    : socket_(std::move(socket)),
      number_(number),
      limits_(limits),
      listener_(std::move(listener)),
      peer_(peer_of(socket_)),
      session_(std::move(config), read_clocks()),
      last_line_(std::chrono::steady_clock::now()) {}

void ClientConnection::start() {
  error_code ignored;  // a socket that will not take options still works
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  asio::co_spawn(socket_.get_executor(), read_loop(shared_from_this()), asio::detached);
}

void ClientConnection::set_job(const PoolJobPtr& job, bool clean) {
  if (closed_) return;
  session_.set_job(job, clean, read_clocks());
  flush();
}

void ClientConnection::tick() {
  if (closed_) return;
  const PoolTime now = read_clocks();
  if (now.steady - last_line_ > limits_.idle_timeout) return drop("idle");
  session_.tick(now);
  flush();
}

void ClientConnection::close() {
  closed_ = true;
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void ClientConnection::drop(const std::string& why) {
  if (closed_) return;
  close();
  listener_.on_closed(*this, why);
}

asio::awaitable<void> ClientConnection::read_loop(std::shared_ptr<ClientConnection> self) {
  while (!self->closed_) {
    const auto [error, size] =
        co_await self->socket_.async_read_some(asio::buffer(self->buffer_), kAwait);
    if (error) {
      self->drop(error == asio::error::eof ? "closed by the client" : error.message());
    } else {
      self->receive({self->buffer_.data(), size});
    }
  }
}

void ClientConnection::receive(std::string_view bytes) {
  const LineFramer::Chunk chunk = framer_.push(bytes);
  const PoolTime now = read_clocks();
  if (!chunk.lines.empty()) last_line_ = now.steady;
  for (std::size_t i = 0; i < chunk.overlong; ++i)
    session_.overlong_line();
  for (const std::string& line : chunk.lines)
    session_.receive(line, now);
  flush();
}

void ClientConnection::flush() {
  queue_ += session_.take_output();
  // Before anything can end the connection: one of them may be a block.
  for (ClientEvent& event : session_.take_events())
    listener_.on_event(*this, std::move(event));
  if (queue_.size() > limits_.max_queue_bytes) return drop("reads too slowly");
  if (!queue_.empty() && !writing_) {
    writing_ = true;
    asio::co_spawn(socket_.get_executor(), write_loop(shared_from_this()), asio::detached);
  }
  if (session_.finished() && !writing_) drop("too many bad lines");
}

asio::awaitable<void> ClientConnection::write_loop(std::shared_ptr<ClientConnection> self) {
  while (!self->queue_.empty() && !self->closed_) {
    const std::string batch = std::exchange(self->queue_, {});
    const auto [error, size] =
        co_await asio::async_write(self->socket_, asio::buffer(batch), kAwait);
    if (error) self->drop(error.message());
  }
  self->writing_ = false;
  if (self->session_.finished()) self->drop("too many bad lines");
}

}  // namespace ebb::stratum::server
