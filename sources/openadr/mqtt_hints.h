#pragma once
// Notifications of a VTN by MQTT. They are hints: the next reading tells what holds.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "sources/http_client.h"
#include "sources/openadr/ven_poll.h"

namespace ebb::sources::openadr {

struct Broker {
  std::string host;
  int port = 1883;
  bool tls = false;
  std::string user;    ///< empty: anonymous
  bool token = false;  ///< the VTN's token is the password
};

/// Of the answer to GET /notifiers. Nothing: the VTN has no broker. The error: none that can be
/// spoken with, and why.
tl::expected<std::optional<Broker>, std::string> parse_notifiers(std::string_view text);

/// Of the answer to GET /notifiers/mqtt/topics/…; at most 8.
std::vector<std::string> parse_topics(std::string_view text);

/// Finds the broker, and listens on a thread of the library's.
class MqttChore final : public Chore {
 public:
  MqttChore(HttpSettings tls, std::function<void()> hint);
  ~MqttChore() override;
  tl::expected<void, Refusal> run(const View& view, const std::stop_token& stop) override;
  /// Ends the thread.
  void stop();

 private:
  struct Client;
  tl::expected<void, Refusal> set_up(const View& view, const std::stop_token& stop);

  HttpSettings tls_;
  std::function<void()> hint_;
  std::unique_ptr<Client> client_;
  std::optional<throttle::SteadyTime> again_at_;
};

}  // namespace ebb::sources::openadr
