#pragma once
// A Session with both its ends in reach, and the lines and shares to feed it.

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "stratum/session.h"

namespace ebb::stratum::session_tests {

inline boost::json::object json_of(const std::string& line) {
  return boost::json::parse(line).as_object();
}

/// A mining.notify whose fields are JSON text without quotes, each to be changed on its own.
struct NotifyText {
  std::string id = "job1";
  std::string prev_hash = std::string(56, '0') + "00000001";
  std::string coinbase1 = "01000000aa";
  std::string coinbase2 = "bb00000000";
  std::string branch = "[]";
  std::string version = "20000000";
  std::string bits = "1b04864c";  // difficulty 14484
  std::string time = "5f5e1000";
  std::string clean = "false";
  std::string after = "";

  std::string line() const {
    return R"({"id":null,"method":"mining.notify","params":[")" + id + "\",\"" + prev_hash +
           "\",\"" + coinbase1 + "\",\"" + coinbase2 + "\"," + branch + ",\"" + version + "\",\"" +
           bits + "\",\"" + time + "\"," + clean + after + "]}";
  }
};

inline std::string notify(std::string id, std::string clean = "false") {
  NotifyText text;
  text.id = std::move(id);
  text.clean = std::move(clean);
  return text.line();
}

inline std::string call(const std::string& method, const std::string& params) {
  return R"({"id":null,"method":")" + method + R"(","params":)" + params + "}";
}

inline std::string set_difficulty(const std::string& number) {
  return call("mining.set_difficulty", "[" + number + "]");
}

inline std::string set_mask(const std::string& hex) {
  return call("mining.set_version_mask", "[\"" + hex + "\"]");
}

inline std::string reply(std::uint64_t id, const std::string& result,
                         const std::string& error = "null") {
  return "{\"id\":" + std::to_string(id) + ",\"result\":" + result + ",\"error\":" + error + "}";
}

inline constexpr const char* kSubscribeResult =
    R"([[["mining.set_difficulty","s"],["mining.notify","s"]],"01020304",4])";

class Client {
 public:
  static SessionConfig default_config() {
    SessionConfig config;
    config.user = "alice.rig1";
    config.password = "correct horse";
    config.user_agent = "ebb/test";
    config.session = 7;
    return config;
  }

  explicit Client(SessionConfig config = default_config()) : session(std::move(config)) {
    session.start();
    collect();
  }

  /// Subscribed and authorised, without version rolling unless a mask is given.
  static Client ready(const std::string& mask = "") {
    Client client;
    client.answer("mining.configure",
                  mask.empty()
                      ? R"({"version-rolling":false})"
                      : R"({"version-rolling":true,"version-rolling.mask":")" + mask + "\"}");
    client.answer("mining.subscribe", kSubscribeResult);
    client.answer("mining.authorize", "true");
    client.forget();
    return client;
  }

  void receive(const std::string& line) {
    session.receive(line);
    collect();
  }

  /// Replies to the last request of that method.
  void answer(const std::string& method, const std::string& result,
              const std::string& error = "null") {
    receive(reply(id_of(method), result, error));
  }

  SubmitResult submit(const core::Share& share) {
    const SubmitResult result = session.submit(share);
    collect();
    return result;
  }

  void suggest_difficulty(double difficulty) {
    session.suggest_difficulty(difficulty);
    collect();
  }

  void configure_timed_out() {
    session.configure_timed_out();
    collect();
  }

  /// Requests sent with that method.
  std::vector<boost::json::object> sent(const std::string& method) const {
    std::vector<boost::json::object> out;
    for (const auto& line : lines) {
      const auto* name = line.if_contains("method");
      if (name != nullptr && name->is_string() && name->get_string() == method) {
        out.push_back(line);
      }
    }
    return out;
  }

  /// The id of the last request of that method; 0 when there is none.
  std::uint64_t id_of(const std::string& method) const {
    const auto requests = sent(method);
    return requests.empty() ? 0 : requests.back().at("id").to_number<std::uint64_t>();
  }

  /// The params of the last mining.submit.
  boost::json::array submitted() const {
    const auto requests = sent("mining.submit");
    return requests.empty() ? boost::json::array() : requests.back().at("params").as_array();
  }

  template <class T>
  std::vector<T> all() const {
    std::vector<T> out;
    for (const Event& event : events) {
      if (const T* it = std::get_if<T>(&event)) out.push_back(*it);
    }
    return out;
  }

  /// The last job given out; null when there is none.
  core::JobPtr job() const {
    const auto jobs = all<JobReceived>();
    return jobs.empty() ? nullptr : jobs.back().job;
  }

  void forget() {
    lines.clear();
    events.clear();
  }

  Session session;
  std::vector<boost::json::object> lines;
  std::vector<Event> events;

 private:
  void collect() {
    for (const std::string& line : session.take_output())
      lines.push_back(json_of(line));
    for (Event& event : session.take_events())
      events.push_back(std::move(event));
  }
};

/// The hardest hash that is still easy enough for this difficulty, to the bit.
inline core::Hash256 hash_of_difficulty(double difficulty) {
  core::Hash256 hash;
  const auto words = core::Target::from_difficulty(difficulty)->words();
  for (std::size_t i = 0; i < 32; ++i) {
    hash.bytes[i] = static_cast<std::uint8_t>(words[i / 8] >> (8 * (i % 8)));
  }
  return hash;
}

/// A share of `job` whose hash just meets `difficulty`. (The session does not hash: verified
/// shares are what it is given.)
inline core::Share share_of(const core::JobPtr& job, double difficulty = 1000,
                            std::uint32_t rolled = 0, std::uint32_t nonce = 0x01020304) {
  core::Share share;
  share.job = job;
  share.extranonce2_bytes = {0xa1, 0xb2, 0xc3, 0xd4};
  share.header.version = job->version ^ rolled;
  share.header.time = job->time + 1;
  share.header.nonce = nonce;
  share.hash = hash_of_difficulty(difficulty);
  return share;
}

}  // namespace ebb::stratum::session_tests
