#pragma once
// A PoolClient on the loopback interface, and a pool that says what a test has it say.

#include <boost/asio.hpp>
#include <deque>
#include <functional>
#include <memory>

#include "stratum/pool_client.h"
#include "tests/unit/stratum/session_support.h"

namespace ebb::stratum::pool_client_tests {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace session_tests;

/// For anything that should happen at once.
inline constexpr std::chrono::seconds kPatience{60};

/// One connection of the pool.
class PoolConnection : public std::enable_shared_from_this<PoolConnection> {
 public:
  using OnLine = std::function<void(PoolConnection&, const boost::json::object&)>;

  PoolConnection(tcp::socket socket, OnLine on_line)
      : socket_(std::move(socket)), on_line_(std::move(on_line)) {}

  void read() {
    asio::async_read_until(socket_, asio::dynamic_buffer(buffer_), '\n',
                           [self = shared_from_this()](boost::system::error_code error, auto size) {
                             if (error) return self->close();
                             const json_line line = boost::json::parse(
                                 std::string_view(self->buffer_).substr(0, size));
                             self->buffer_.erase(0, size);
                             self->on_line_(*self, line.as_object());
                             self->read();
                           });
  }

  void send(std::string line) { send_raw(std::move(line) + '\n'); }

  void send_raw(std::string bytes) {
    out_.push_back(std::move(bytes));
    if (out_.size() == 1) write();
  }

  bool wrote_all() const { return out_.empty(); }

  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  using json_line = boost::json::value;

  void write() {
    asio::async_write(socket_, asio::buffer(out_.front()),
                      [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                        if (error) return self->out_.clear();
                        self->out_.pop_front();
                        if (!self->out_.empty()) self->write();
                      });
  }

  tcp::socket socket_;
  OnLine on_line_;
  std::string buffer_;
  std::deque<std::string> out_;
};

/// Answers as ckpool does: a session that is named is resumed. A test changes what it does next.
class TestPool {
 public:
  explicit TestPool(asio::io_context& io) : acceptor_(io, {asio::ip::address_v4::loopback(), 0}) {
    accept();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  PoolConnection& last() { return *connections.back(); }

  /// Submits, by nonce, over all connections.
  std::vector<std::string> nonces;
  std::vector<std::shared_ptr<PoolConnection>> connections;
  std::vector<boost::json::array> subscriptions;  ///< their params

  bool silent = false;  ///< accepts and says nothing
  bool authorises = true;
  int hang_ups_on_configure = 0;
  std::size_t configures = 0;
  bool resumes = true;
  bool reads = true;
  bool answers_submits = true;
  bool hangs_up_on_submit = false;
  std::string job = notify("a", "true");
  std::function<std::string(std::uint64_t id)> verdict = [](auto id) { return reply(id, "true"); };

 private:
  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (error) return;
      connections.push_back(std::make_shared<PoolConnection>(
          std::move(socket), [this](PoolConnection& on, const boost::json::object& line) {
            if (!silent) receive(on, line);
          }));
      if (reads) last().read();
      accept();
    });
  }

  void receive(PoolConnection& on, const boost::json::object& line) {
    const std::string method(line.at("method").as_string());
    const auto id = line.at("id").to_number<std::uint64_t>();
    const auto& params = line.at("params").as_array();
    if (method == "mining.configure") {
      ++configures;
      if (hang_ups_on_configure > 0) {
        --hang_ups_on_configure;
        return on.close();
      }
      on.send(reply(id, R"({"version-rolling":false})"));
    } else if (method == "mining.subscribe") {
      const bool named = resumes && params.size() > 1;
      if (!named) ++sessions_;
      subscriptions.push_back(params);
      on.send(reply(id, "[[[\"mining.notify\",\"s" + std::to_string(++names_) + "\"]],\"0000000" +
                            std::to_string(sessions_) + "\",4]"));
    } else if (method == "mining.authorize") {
      on.send(set_difficulty("1"));
      on.send(job);
      if (authorises) on.send(reply(id, "true"));
    } else if (method == "mining.submit") {
      nonces.emplace_back(params.at(4).as_string());
      if (hangs_up_on_submit) return on.close();
      if (answers_submits) on.send(verdict(id));
    }
  }

  tcp::acceptor acceptor_;
  int sessions_ = 0, names_ = 0;
};

/// The client, and all it told.
class Rig {
 public:
  explicit Rig(std::function<void(PoolClientConfig&)> change = nullptr) : pool(io) {
    config.url.at = {"127.0.0.1", pool.port()};
    config.user = "alice.rig1";
    config.password = "correct horse";
    config.user_agent = "ebb/test";
    if (change) change(config);
    client.emplace(io, config, [this](PoolEvent event) { take(std::move(event)); });
    client->start();
  }

  ~Rig() {
    client->stop();
    for (auto& it : pool.connections)
      it->close();
    io.stop();
  }

  /// False when it does not come true in time.
  bool until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      io.run_one_for(std::chrono::milliseconds(50));
    }
    return true;
  }

  bool until_job(std::size_t number = 1) {
    return until([&] { return jobs >= number && authorised >= connected; });
  }

  void submit(std::uint32_t nonce, double difficulty = 1000) {
    core::Share share = share_of(job, difficulty, 0, nonce);
    core::store_le32(share.hash.bytes.data(), nonce);  // each its own header
    client->submit(std::move(share));
  }

  asio::io_context io;
  PoolClientConfig config;
  TestPool pool;
  std::optional<PoolClient> client;

  core::JobPtr job;
  std::size_t jobs = 0, connected = 0, authorised = 0;
  std::vector<std::string> ends;  ///< of connections, why
  std::vector<Subscribed> subscribed;
  std::vector<ShareJudged> judged;
  std::vector<ShareDropped> dropped;
  std::vector<PayoutSeen> payouts;

 private:
  void take(PoolEvent event) {
    if (std::holds_alternative<Connected>(event)) ++connected;
    if (auto* it = std::get_if<Disconnected>(&event)) ends.push_back(it->why);
    if (auto* it = std::get_if<ShareDropped>(&event)) dropped.push_back(std::move(*it));
    if (auto* it = std::get_if<PayoutSeen>(&event)) payouts.push_back(std::move(*it));
    auto* session = std::get_if<Event>(&event);
    if (session == nullptr) return;
    if (auto* it = std::get_if<JobReceived>(session)) {
      job = it->job;
      ++jobs;
    }
    if (std::holds_alternative<Authorised>(*session)) ++authorised;
    if (auto* it = std::get_if<Subscribed>(session)) subscribed.push_back(*it);
    if (auto* it = std::get_if<ShareJudged>(session)) judged.push_back(std::move(*it));
  }
};

}  // namespace ebb::stratum::pool_client_tests
