#pragma once
// A server session with a client at its other end, and no wire between them.

#include <algorithm>
#include <sstream>

#include "stratum/server/server_session.h"
#include "tests/unit/stratum/server_support.h"

namespace ebb::stratum::server {

inline constexpr double kTiny = 1e-8;  // 43 hashes a share

inline PoolJobPtr job_of(node::BlockTemplate block_template, std::size_t extranonce2_size = 8) {
  return make_pool_job(std::make_shared<node::BlockTemplate>(std::move(block_template)),
                       4 + extranonce2_size, core::Bytes{0x51})
      .value();
}

inline ServerSessionConfig session_config(double difficulty) {
  ServerSessionConfig config;
  config.extranonce1 = {0xde, 0xad, 0x00, 0x01};
  config.difficulty = difficulty;
  return config;
}

/// A session and the client it talks to, without a wire between them.
struct Talk {
  explicit Talk(ServerSessionConfig config) : session(std::move(config), at(0)) {}

  /// The server's output goes to the client.
  void pump() {
    std::istringstream lines(session.take_output());
    for (std::string line; std::getline(lines, line);)
      client.receive(line);
    for (ClientEvent& event : session.take_events())
      events.push_back(std::move(event));
  }

  void say(std::string_view line) {
    session.receive(line, now);
    pump();
  }

  boost::json::object ask(const std::string& method, boost::json::array params) {
    say(client.request(method, std::move(params)));
    return client.replies.at(client.last_id);
  }

  /// Subscribes and authorises; there is work afterwards when there is a job.
  void begin(bool rolling = false) {
    if (rolling) {
      ask("mining.configure", {boost::json::array{"version-rolling"},
                               boost::json::object{{"version-rolling.mask", "ffffffff"}}});
      client.rolling = true;
    }
    client.subscribed(ask("mining.subscribe", {"test/1"}));
    ask("mining.authorize", {"alice", "x"});
  }

  void set_job(node::BlockTemplate block_template, bool clean) {
    session.set_job(job_of(std::move(block_template)), clean, now);
    pump();
  }

  std::string submit(boost::json::array params) {
    return verdict_of(ask("mining.submit", std::move(params)));
  }

  template <class Event>
  std::size_t count() const {
    return static_cast<std::size_t>(std::count_if(
        events.begin(), events.end(),
        [](const ClientEvent& event) { return std::holds_alternative<Event>(event); }));
  }

  /// What the last refusal counts as.
  RejectReason last_reason() const { return std::get<ShareRefused>(events.back()).refusal.reason; }

  ServerSession session;
  WireClient client;
  PoolTime now = at(0);
  std::vector<ClientEvent> events;
};

/// At work on a job of a tiny difficulty.
inline Talk working(double difficulty = kTiny, bool rolling = false,
                    std::uint32_t network_bits = kHardBits) {
  Talk talk(session_config(difficulty));
  talk.set_job(some_template(3, network_bits), true);
  talk.begin(rolling);
  return talk;
}

}  // namespace ebb::stratum::server
