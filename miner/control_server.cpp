#include "miner/control_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "miner/control_address.h"
#include "stratum/line.h"

namespace ebb::miner {

namespace asio = boost::asio;
using boost::system::error_code;
using Socket = asio::local::stream_protocol::socket;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kAcceptPause{100};

bool may_speak(Socket& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

/// One caller: request after request, each answered before the next is read.
class Caller : public std::enable_shared_from_this<Caller> {
 public:
  Caller(Socket socket, const ControlServer::Handler& handler, ControlServer::Limits limits)
      : socket_(std::move(socket)),
        handler_(handler),
        limits_(limits),
        deadline_(socket_.get_executor()) {}

  static asio::awaitable<void> serve(std::shared_ptr<Caller> self);
  void hang_up();

 private:
  asio::awaitable<std::optional<std::string>> next_line();
  asio::awaitable<ControlReply> ask_handler(std::string_view line);
  asio::awaitable<void> send(ControlReply reply);
  /// Hangs up unless the next limit is set before.
  void set_deadline();

  /// A request that the handler has.
  struct Pending {
    explicit Pending(const asio::any_io_executor& executor) : limit(executor) {}
    asio::steady_timer limit;
    std::optional<ControlReply> reply;
  };

  Socket socket_;
  const ControlServer::Handler& handler_;
  ControlServer::Limits limits_;
  asio::steady_timer deadline_;
  std::shared_ptr<Pending> pending_;
  stratum::LineFramer framer_{kMaxControlLine};
  std::vector<std::string> lines_;  ///< read and not answered, the last one first
  bool gone_ = false;
};

asio::awaitable<void> Caller::serve(std::shared_ptr<Caller> self) {
  while (const auto line = co_await self->next_line()) {
    auto reply = co_await self->ask_handler(*line);
    if (!self->gone_) co_await self->send(std::move(reply));
  }
  self->hang_up();
}

void Caller::hang_up() {
  gone_ = true;
  error_code ignored;
  socket_.close(ignored);
  deadline_.cancel();
  if (pending_) pending_->limit.cancel();
}

asio::awaitable<std::optional<std::string>> Caller::next_line() {
  if (!gone_) set_deadline();
  std::array<char, 4096> buffer;
  while (lines_.empty() && !gone_) {
    const auto [error, size] = co_await socket_.async_read_some(asio::buffer(buffer), kAwait);
    if (error || gone_) co_return std::nullopt;
    auto chunk = framer_.push({buffer.data(), size});
    if (chunk.overlong > 0) {
      co_await send(tl::unexpected<std::string>("the request is too long"));
      co_return std::nullopt;
    }
    lines_.assign(chunk.lines.rbegin(), chunk.lines.rend());
  }
  if (gone_) co_return std::nullopt;
  std::string line = std::move(lines_.back());
  lines_.pop_back();
  co_return line;
}

asio::awaitable<ControlReply> Caller::ask_handler(std::string_view line) {
  auto request = decode_request(line);
  if (!request) co_return tl::unexpected(request.error());
  deadline_.cancel();  // the limit is another one now
  const auto executor = socket_.get_executor();
  pending_ = std::make_shared<Pending>(executor);
  pending_->limit.expires_after(limits_.answer);
  // The answer may come on another thread, late or not at all.
  handler_(*std::move(request), [weak = std::weak_ptr(pending_), executor](ControlReply reply) {
    asio::post(executor, [weak, reply = std::move(reply)]() mutable {
      const auto pending = weak.lock();
      if (!pending) return;
      pending->reply = std::move(reply);
      pending->limit.cancel();
    });
  });
  co_await pending_->limit.async_wait(kAwait);
  const auto pending = std::exchange(pending_, nullptr);
  if (pending && pending->reply) co_return *std::move(pending->reply);
  co_return tl::unexpected<std::string>("not confirmed in time: the disk may hang");
}

asio::awaitable<void> Caller::send(ControlReply reply) {
  set_deadline();
  const std::string line = encode(reply) + "\n";
  const auto [error, size] = co_await asio::async_write(socket_, asio::buffer(line), kAwait);
  if (error) hang_up();
}

void Caller::set_deadline() {
  deadline_.expires_after(limits_.idle);
  deadline_.async_wait([weak = weak_from_this()](error_code cancelled) {
    const auto self = weak.lock();
    // It may have been set anew just as it ran out.
    if (self && !cancelled && self->deadline_.expiry() <= asio::steady_timer::clock_type::now()) {
      self->hang_up();
    }
  });
}

void refuse(Socket& socket, const std::string& why) {
  const std::string line = encode(ControlReply(tl::unexpected(why))) + "\n";
  // Fits an empty socket's buffer; one who does not read it misses it.
  (void)::send(socket.native_handle(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/// Nothing, or why the socket's place is not free.
std::optional<std::string> clear_place(asio::io_context& io, const std::filesystem::path& path,
                                       const ControlAddress& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return std::nullopt;
  if (!S_ISSOCK(found.st_mode)) return "there is something else in its place";
  Socket probe(io, asio::local::stream_protocol());
  error_code error;
  probe.non_blocking(true, error);
  if (!error) probe.connect(address.endpoint(), error);
  if (error == asio::error::connection_refused) {
    return ::unlink(path.c_str()) == 0 ? std::nullopt
                                       : std::optional(std::generic_category().message(errno));
  }
  return "another ebb answers there";
}

}  // namespace

struct ControlServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& context, std::filesystem::path socket_path, Handler request_handler,
       Limits all_limits)
      : io(context),
        path(std::move(socket_path)),
        handler(std::move(request_handler)),
        limits(all_limits),
        acceptor(io),
        pause(io) {}

  error_code listen(const ControlAddress& address);
  void stop();
  void add(Socket socket);
  static asio::awaitable<void> accept_loop(std::shared_ptr<Impl> self);
  static asio::awaitable<void> serve(std::shared_ptr<Impl> self, std::shared_ptr<Caller> caller);

  asio::io_context& io;
  std::filesystem::path path;
  Handler handler;
  Limits limits;
  asio::local::stream_protocol::acceptor acceptor;
  asio::steady_timer pause;
  std::set<std::shared_ptr<Caller>> callers;
  bool stopped = false;
};

error_code ControlServer::Impl::listen(const ControlAddress& address) {
  error_code error;
  acceptor.open(asio::local::stream_protocol(), error);
  if (!error) acceptor.bind(address.endpoint(), error);
  if (error) return error;
  // Nobody can connect before it listens.
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) {
    return {errno, boost::system::generic_category()};
  }
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

void ControlServer::Impl::stop() {
  stopped = true;
  error_code ignored;
  acceptor.close(ignored);
  pause.cancel();
  for (const auto& caller : std::exchange(callers, {}))
    caller->hang_up();
  ::unlink(path.c_str());
}

void ControlServer::Impl::add(Socket socket) {
  if (!may_speak(socket)) return refuse(socket, "only this miner's user and root may ask");
  if (callers.size() >= limits.connections) return refuse(socket, "too many ask at once");
  auto caller = std::make_shared<Caller>(std::move(socket), handler, limits);
  callers.insert(caller);
  asio::co_spawn(io, serve(shared_from_this(), std::move(caller)), asio::detached);
}

asio::awaitable<void> ControlServer::Impl::serve(std::shared_ptr<Impl> self,
                                                 std::shared_ptr<Caller> caller) {
  co_await Caller::serve(caller);
  self->callers.erase(caller);
}

asio::awaitable<void> ControlServer::Impl::accept_loop(std::shared_ptr<Impl> self) {
  while (!self->stopped) {
    auto [error, socket] = co_await self->acceptor.async_accept(kAwait);
    if (self->stopped) break;
    if (!error) {
      self->add(std::move(socket));
      continue;
    }
    // Out of file descriptors, or a caller that was gone before it was here.
    self->pause.expires_after(kAcceptPause);
    co_await self->pause.async_wait(kAwait);
  }
}

tl::expected<ControlServer, std::string> ControlServer::listen(
    asio::io_context& io, const std::filesystem::path& state_folder, Handler handler,
    Limits limits) {
  const auto path = ControlAddress::path(state_folder);
  const auto failed = [&](const std::string& why) {
    return tl::unexpected("listening on " + path.string() + ": " + why);
  };
  const auto address = ControlAddress::of(state_folder);
  if (!address) return failed(address.error().message());
  if (const auto why = clear_place(io, path, *address)) return failed(*why);
  auto impl = std::make_shared<Impl>(io, path, std::move(handler), limits);
  if (const auto error = impl->listen(*address)) return failed(error.message());
  asio::co_spawn(io, Impl::accept_loop(impl), asio::detached);
  return ControlServer(std::move(impl));
}

ControlServer::ControlServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

ControlServer::ControlServer(ControlServer&&) noexcept = default;

ControlServer::~ControlServer() {
  if (impl_) impl_->stop();
}

}  // namespace ebb::miner
