#pragma once
// A pool that is killed, hung, slowed, made to refuse and restored, and keeps account of the shares
// that it was owed.

#include <map>
#include <random>
#include <set>

#include "tests/unit/stratum/pool_client_support.h"

namespace ebb::stratum::pool_chaos {

using namespace pool_client_tests;

/// On the io_context's thread. Time is its ticks, so that a machine that stands still harms nobody.
class ChaosPool {
 public:
  /// A share that could be had for so long without a break and did not come is lost.
  static constexpr unsigned kTicksToCome = 60;

  ChaosPool(asio::io_context& io, unsigned number) : io_(io), number_(number), acceptor_(io) {
    open(0);
    port_ = acceptor_.local_endpoint().port();
  }

  std::uint16_t port() const { return port_; }

  // --- what befalls it ---

  /// Sessions are gone.
  void kill() {
    up_ = false;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    drop();
    sessions_.clear();
    jobs_.clear();
  }
  /// Connections are lost, sessions are not.
  void drop() {
    for (auto& [connection, state] : connections_)
      connection->close();
    connections_.clear();
  }
  void hang() { hung_ = true; }
  void slow() { slow_ = true; }
  void refuse() { refuses_ = true; }
  void restore() {
    slow_ = refuses_ = false;
    if (!std::exchange(up_, true)) open(port_);
    hung_ = false;
    for (auto& [connection, state] : connections_) {
      for (const auto& line : std::exchange(state.unread, {}))
        receive(*connection, line);
    }
  }

  void new_job(bool clean) {
    if (!up_ || hung_) return;
    if (clean) {
      jobs_.clear();
      ++block_;
    }
    jobs_.insert(++job_);
    clean_ = clean;
    for (auto& [connection, state] : connections_) {
      if (state.authorised) connection->send(job_line(clean));
    }
  }

  // --- its account ---

  void found(const core::Share& share) {
    owed_[share.header.nonce] = {std::stoul(share.job->id), extranonce1_of(*share.job), 0};
  }

  /// Calls `lost` with what happened for each share that could have come and did not.
  void tick(const std::function<void(const std::string&)>& lost) {
    for (auto it = owed_.begin(); it != owed_.end();) {
      Owed& owed = it->second;
      const bool dead = jobs_.count(owed.job) == 0 || sessions_.count(owed.session) == 0;
      const bool possible = up_ && !hung_ && !dead && is_connected(owed.session);
      owed.ticks = possible ? owed.ticks + 1 : 0;
      if (owed.ticks > kTicksToCome) {
        lost("pool " + std::to_string(number_) + " never got share " + std::to_string(it->first));
      }
      it = dead || owed.ticks > kTicksToCome ? owed_.erase(it) : std::next(it);
    }
  }

  std::size_t taken = 0;    ///< shares, each counted once
  std::size_t unheard = 0;  ///< verdicts that came after their connection's end
  std::vector<std::string> faults;

 private:
  struct State {
    std::string session;
    bool authorised = false;
    std::vector<boost::json::object> unread;
  };
  struct Owed {
    std::size_t job;
    std::string session;
    unsigned ticks;  ///< for which it could have come
  };

  void open(std::uint16_t port) {
    acceptor_ = tcp::acceptor(io_, {asio::ip::address_v4::loopback(), port});
    accept();
  }

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (error) return;
      auto connection = std::make_shared<PoolConnection>(
          std::move(socket), [this](PoolConnection& on, const boost::json::object& line) {
            const auto found = connections_.find(on.shared_from_this());
            if (found == connections_.end()) return;
            hung_ ? found->second.unread.push_back(line) : receive(on, line);
          });
      connections_[connection];
      connection->read();
      accept();
    });
  }

  void receive(PoolConnection& on, const boost::json::object& line) {
    State& state = connections_.at(on.shared_from_this());
    const std::string method(line.at("method").as_string());
    const auto id = line.at("id").to_number<std::uint64_t>();
    const auto& params = line.at("params").as_array();
    if (method == "mining.configure") {
      on.send(reply(id, R"({"version-rolling":false})"));
    } else if (method == "mining.subscribe") {
      std::string named = params.size() > 1 ? std::string(params.at(1).as_string()) : "";
      if (sessions_.count(named) == 0) sessions_.insert(named = new_session());
      state.session = named;
      on.send(reply(id, "[[[\"mining.notify\",\"" + named + "\"]],\"" + named + "\",4]"));
    } else if (method == "mining.authorize") {
      state.authorised = true;
      on.send(set_difficulty("1"));
      if (jobs_.empty()) jobs_.insert(++job_);
      on.send(job_line(true));
      on.send(reply(id, "true"));
    } else if (method == "mining.submit") {
      judge(on, state, id, params);
    }
  }

  void judge(PoolConnection& on, const State& state, std::uint64_t id,
             const boost::json::array& params) {
    const auto job = std::stoul(std::string(params.at(1).as_string()));
    const auto nonce =
        static_cast<std::uint32_t>(std::stoul(std::string(params.at(4).as_string()), nullptr, 16));
    owed_.erase(nonce);
    const auto [before, first] = seen_.try_emplace(nonce, &on);
    if (!first && std::exchange(before->second, &on) == &on)
      faults.push_back("share " + std::to_string(nonce) + " came twice by one connection");
    std::string answer = reply(id, "true");
    if (!first) {
      answer = reply(id, "null", R"([22,"Duplicate",null])");
    } else if (jobs_.count(job) == 0 || sessions_.count(state.session) == 0) {
      answer = reply(id, "null", R"([21,"Stale",null])");
    } else if (refuses_) {
      answer = reply(id, "null", R"([20,"No",null])");
    } else {
      ++taken;
    }
    if (!slow_) return on.send(answer);
    const auto later = std::make_shared<asio::steady_timer>(io_, std::chrono::milliseconds(300));
    later->async_wait([this, later, answer, to = on.shared_from_this()](boost::system::error_code) {
      if (connections_.count(to) == 0) ++unheard;
      to->send(answer);
    });
  }

  /// Or was, until the client itself closed the connection: whatever it loses by that is its fault.
  bool is_connected(const std::string& session) const {
    return std::any_of(connections_.begin(), connections_.end(), [&](const auto& it) {
      return it.second.authorised && it.second.session == session;
    });
  }

  std::string new_session() {
    std::string text = std::to_string(10'000'000 * (number_ + 1) + ++session_);
    return text;
  }

  std::string job_line(bool clean) const {
    NotifyText text;
    text.id = std::to_string(job_);
    std::string prev(64, '0');
    const std::string block = std::to_string(10'000'000 * (number_ + 1) + block_);
    prev.replace(0, block.size(), block);
    text.prev_hash = prev;
    text.clean = clean ? "true" : "false";
    return text.line();
  }

  static std::string extranonce1_of(const core::Job& job) {
    const core::Bytes& prefix = job.coinbase_prefix;
    return core::to_hex(core::ByteView(prefix).last(4));
  }

  asio::io_context& io_;
  unsigned number_;
  tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  bool up_ = true, hung_ = false, slow_ = false, refuses_ = false, clean_ = true;
  std::size_t job_ = 0, block_ = 0, session_ = 0;
  std::map<std::shared_ptr<PoolConnection>, State> connections_;
  std::set<std::string> sessions_;
  std::set<std::size_t> jobs_;  ///< for which shares count
  std::map<std::uint32_t, Owed> owed_;
  std::map<std::uint32_t, const PoolConnection*> seen_;
};

}  // namespace ebb::stratum::pool_chaos
