#include "miner/api_server.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

namespace ebb::miner {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
using boost::system::error_code;
using Tcp = asio::ip::tcp;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kAcceptPause{100};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return result;
}

std::optional<std::string> decoded(std::string_view text, bool plus_is_blank) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += plus_is_blank && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    unsigned byte = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const auto [end, error] = std::from_chars(&text[i + 1], &text[i + 1] + 2, byte, 16);
    if (error != std::errc() || end != &text[i + 1] + 2) return std::nullopt;
    result += static_cast<char>(byte);
    i += 2;
  }
  return result;
}

using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

/// One caller: request after request.
class Caller : public std::enable_shared_from_this<Caller> {
 public:
  Caller(Tcp::socket socket, const WebRoutes& routes, const ApiServer::Keep& keep,
         ApiServer::Limits limits)
      : stream_(std::move(socket)), routes_(routes), keep_(keep), limits_(limits) {}

  static asio::awaitable<void> serve(std::shared_ptr<Caller> self);
  void hang_up() {
    gone_ = true;
    if (pending_) pending_->limit.cancel();
    stream_.close();
  }

 private:
  /// An answer that waits for the disk.
  struct Pending {
    explicit Pending(const asio::any_io_executor& executor) : limit(executor) {}
    asio::steady_timer limit;
    std::optional<tl::expected<void, std::string>> kept;
  };

  sources::WebAnswer ask(const Request& request) const;
  /// Empty, or why not.
  asio::awaitable<std::string> kept();
  static Response response_to(const Request& request, sources::WebAnswer answer);

  beast::tcp_stream stream_;
  const WebRoutes& routes_;
  const ApiServer::Keep& keep_;
  ApiServer::Limits limits_;
  std::shared_ptr<Pending> pending_;
  bool gone_ = false;
};

asio::awaitable<void> Caller::serve(std::shared_ptr<Caller> self) {
  beast::flat_buffer buffer;
  while (!self->gone_) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(self->limits_.header));
    parser.body_limit(self->limits_.body);
    self->stream_.expires_after(self->limits_.patience);
    const auto [error, size] = co_await http::async_read(self->stream_, buffer, parser, kAwait);
    if (self->gone_) co_return;
    Response response;
    if (error == http::error::body_limit || error == http::error::header_limit) {
      response.result(http::status::payload_too_large);
      response.keep_alive(false);
      response.prepare_payload();
    } else if (error) {
      co_return self->hang_up();
    } else {
      sources::WebAnswer answer = self->ask(parser.get());
      if (answer.once_kept) {
        if (const std::string why = co_await self->kept(); !why.empty())
          answer = {503,
                    json::serialize(json::object{{"error", "in force, but not kept: " + why}})};
        if (self->gone_) co_return;
      }
      response = response_to(parser.get(), std::move(answer));
    }
    self->stream_.expires_after(self->limits_.patience);
    const auto [failed, written] = co_await http::async_write(self->stream_, response, kAwait);
    if (failed || self->gone_ || !response.keep_alive()) co_return self->hang_up();
  }
}

sources::WebAnswer Caller::ask(const Request& request) const {
  sources::WebAnswer answer{400, R"({"error":"no such target"})"};
  if (auto target = parse_target({request.target().data(), request.target().size()})) {
    sources::WebRequest asked;
    asked.method = std::string(request.method_string());
    asked.path = std::move(target->path);
    asked.query = std::move(target->query);
    for (const auto& field : request)
      asked.headers[lower({field.name_string().data(), field.name_string().size()})] =
          std::string(field.value());
    asked.body = request.body();
    answer = routes_.answer(asked);
  }
  return answer;
}

asio::awaitable<std::string> Caller::kept() {
  const auto executor = stream_.get_executor();
  pending_ = std::make_shared<Pending>(executor);
  pending_->limit.expires_after(limits_.patience);
  keep_([weak = std::weak_ptr(pending_), executor](tl::expected<void, std::string> result) {
    asio::post(executor, [weak, result = std::move(result)]() mutable {
      const auto pending = weak.lock();
      if (!pending) return;
      pending->kept = std::move(result);
      pending->limit.cancel();
    });
  });
  co_await pending_->limit.async_wait(kAwait);
  const auto pending = std::exchange(pending_, nullptr);
  if (!pending->kept) co_return "the disk does not answer";
  co_return *pending->kept ? std::string() : pending->kept->error();
}

Response Caller::response_to(const Request& request, sources::WebAnswer answer) {
  Response response(static_cast<http::status>(answer.status), request.version());
  response.set(http::field::content_type, answer.content_type);
  response.set(http::field::cache_control, "no-store");
  response.keep_alive(request.keep_alive());
  response.body() = std::move(answer.body);
  response.prepare_payload();
  return response;
}

}  // namespace

struct ApiServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& io, const WebRoutes& served, Keep kept, Limits most)
      : acceptor(io), routes(served), keep(std::move(kept)), limits(most) {}

  Tcp::acceptor acceptor;
  const WebRoutes& routes;
  Keep keep;
  Limits limits;
  std::set<std::shared_ptr<Caller>> callers;
  bool closed = false;

  static asio::awaitable<void> accept(std::shared_ptr<Impl> self);
  static asio::awaitable<void> serve(std::shared_ptr<Impl> self, std::shared_ptr<Caller> caller) {
    co_await Caller::serve(caller);
    self->callers.erase(caller);
  }
};

asio::awaitable<void> ApiServer::Impl::accept(std::shared_ptr<Impl> self) {
  while (!self->closed) {
    auto [error, socket] = co_await self->acceptor.async_accept(kAwait);
    if (self->closed) co_return;
    if (error || self->callers.size() >= self->limits.connections) {
      // Out of descriptors, or too many callers: what has been accepted is hung up on.
      asio::steady_timer pause(self->acceptor.get_executor(), kAcceptPause);
      if (error) co_await pause.async_wait(kAwait);
      continue;
    }
    auto caller =
        std::make_shared<Caller>(std::move(socket), self->routes, self->keep, self->limits);
    self->callers.insert(caller);
    asio::co_spawn(self->acceptor.get_executor(), serve(self, caller), asio::detached);
  }
}

ApiServer::ApiServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
ApiServer::ApiServer(ApiServer&&) noexcept = default;

ApiServer::~ApiServer() {
  if (!impl_) return;
  impl_->closed = true;
  error_code ignored;
  impl_->acceptor.close(ignored);
  for (const auto& caller : impl_->callers)
    caller->hang_up();
}

tl::expected<ApiServer, std::string> ApiServer::listen(asio::io_context& io,
                                                       const ApiAddress& address,
                                                       const WebRoutes& routes, Keep keep,
                                                       Limits limits) {
  auto impl = std::make_shared<Impl>(io, routes, std::move(keep), limits);
  error_code error;
  const auto tried = [&](auto&& step) {
    if (!error) step();
  };
  tried([&] { impl->acceptor.open(address.protocol(), error); });
  tried([&] { impl->acceptor.set_option(Tcp::acceptor::reuse_address(true), error); });
  tried([&] { impl->acceptor.bind(address, error); });
  tried([&] { impl->acceptor.listen(asio::socket_base::max_listen_connections, error); });
  if (error) {
    return tl::unexpected("the HTTP API cannot listen on port " + std::to_string(address.port()) +
                          ": " + error.message());
  }
  asio::co_spawn(io, Impl::accept(impl), asio::detached);
  return ApiServer(std::move(impl));
}

ApiAddress ApiServer::address() const {
  error_code ignored;
  return impl_->acceptor.local_endpoint(ignored);
}

tl::expected<WebTarget, std::string> parse_target(std::string_view target) {
  const auto wrong = [] { return tl::unexpected<std::string>("is no path"); };
  if (!target.starts_with('/')) return wrong();
  const std::size_t question = std::min(target.find('?'), target.size());
  WebTarget result;
  auto path = decoded(target.substr(0, question), false);
  if (!path) return wrong();
  result.path = std::move(*path);
  std::string_view query = target.substr(std::min(question + 1, target.size()));
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = decoded(pair.substr(0, equals), true);
    auto value = decoded(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return wrong();
    result.query[std::move(*name)] = std::move(*value);
  }
  return result;
}

}  // namespace ebb::miner
