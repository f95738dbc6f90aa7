#pragma once
// A pool server on a thread of its own, clients on real loopback sockets, and a make-believe node.

#include <atomic>
#include <boost/asio.hpp>
#include <future>
#include <thread>

#include "stratum/server/pool_server.h"
#include "tests/unit/stratum/fake_node.h"
#include "tests/unit/stratum/server_support.h"

namespace ebb::stratum::server {

using node::FakeNode;
using node::kPatience;

/// Runs the server from its construction to stop() or its end, which must come by itself.
class RunningPool {
 public:
  using MakeSource =
      std::function<std::unique_ptr<node::TemplateSource>(boost::asio::any_io_executor executor)>;

  RunningPool(PoolServerConfig config, const MakeSource& make_source) {
    config.on_event = [this](const PoolEvent& event) { events_.push_back(event.text); };
    server_ = std::make_unique<PoolServer>(io_.get_executor(), std::move(config),
                                           make_source(io_.get_executor()));
    const auto endpoint = server_->start();
    if (!endpoint) throw std::runtime_error(endpoint.error());
    port_ = endpoint->port;
    thread_ = std::thread([this] { io_.run(); });
  }
  ~RunningPool() { stop(); }

  /// Returns when the io_context has run out of work.
  void stop() {
    if (!thread_.joinable()) return;
    boost::asio::post(io_, [this] { server_->stop(); });
    thread_.join();
  }

  PoolStatistics statistics() {
    return on_io_thread<PoolStatistics>([this] { return server_->statistics(); });
  }

  std::vector<std::string> events() {
    return on_io_thread<std::vector<std::string>>([this] { return events_; });
  }

  /// False when it did not come true in time.
  bool eventually(const std::function<bool(const PoolStatistics&)>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!condition(statistics())) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  std::uint16_t port() const { return port_; }

 private:
  template <class T>
  T on_io_thread(std::function<T()> f) {
    std::promise<T> promise;
    boost::asio::post(io_, [&] { promise.set_value(f()); });
    return promise.get_future().get();
  }

  boost::asio::io_context io_;
  std::vector<std::string> events_;
  std::unique_ptr<PoolServer> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// A client on a blocking socket.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) {
    stream.expires_after(kPatience);
    stream.connect(boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4::loopback(), port));
    if (!stream) throw std::runtime_error("no connection");
  }

  void send(const std::string& line) { stream << line << '\n' << std::flush; }

  /// Reads until the condition holds; false when the server hangs up or takes too long.
  bool until(const std::function<bool()>& condition) {
    stream.expires_after(kPatience);
    for (std::string line; !condition();) {
      if (!std::getline(stream, line)) return false;
      wire.receive(line);
    }
    return true;
  }

  bool hung_up() {
    return !until([] { return false; }) && stream.error() != boost::asio::error::timed_out;
  }

  boost::json::object ask(const std::string& method, boost::json::array params) {
    send(wire.request(method, std::move(params)));
    const int id = wire.last_id;
    if (!until([&] { return wire.replies.contains(id); }))
      throw std::runtime_error("no reply to " + method);
    return wire.replies.at(id);
  }

  /// To the first job.
  void begin() {
    wire.subscribed(ask("mining.subscribe", {"raw/1"}));
    ask("mining.authorize", {"alice", "x"});
    if (!until([&] { return !wire.job.id.empty(); })) throw std::runtime_error("no job");
  }

  std::string submit(boost::json::array params) {
    return verdict_of(ask("mining.submit", std::move(params)));
  }

  WireClient wire;
  boost::asio::ip::tcp::iostream stream;
};

}  // namespace ebb::stratum::server
