#include "sources/openadr/mqtt_hints.h"

#include <mosquitto.h>

#include <atomic>
#include <charconv>
#include <utility>

#include "sources/openadr/openadr_json.h"

namespace ebb::sources::openadr {
namespace {

namespace json = boost::json;

constexpr std::chrono::minutes kTryAgain{5};
constexpr std::size_t kMaxTopics = 8;
constexpr int kKeepAlive = 30;

/// "mqtts://broker.example:8883"
std::optional<Broker> parse_broker(std::string_view uri) {
  Broker broker;
  const std::size_t scheme_end = uri.find("://");
  if (scheme_end == std::string_view::npos || uri.size() > 300) return std::nullopt;
  const std::string_view scheme = uri.substr(0, scheme_end);
  broker.tls = scheme == "mqtts" || scheme == "ssl" || scheme == "tls";
  if (!broker.tls && scheme != "mqtt" && scheme != "tcp") return std::nullopt;
  broker.port = broker.tls ? 8883 : 1883;
  std::string_view rest = uri.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('/'));
  if (const std::size_t colon = rest.rfind(':');
      colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos) {
    const std::string_view port = rest.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), broker.port);
    if (error != std::errc() || end != port.data() + port.size()) return std::nullopt;
    rest = rest.substr(0, colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  if (rest.empty() || broker.port < 1 || broker.port > 65535) return std::nullopt;
  broker.host = rest;
  return broker;
}

std::optional<Broker> first_broker(const json::object& mqtt) {
  const json::array* uris = array_member(mqtt, "URIS");
  if (uris == nullptr) return std::nullopt;
  for (const json::value& uri : *uris) {
    const json::string* text = uri.if_string();
    if (text == nullptr) continue;
    if (auto broker = parse_broker({text->data(), text->size()})) return broker;
  }
  return std::nullopt;
}

}  // namespace

tl::expected<std::optional<Broker>, std::string> parse_notifiers(std::string_view text) {
  const auto value = parse_json(text);
  const json::object* notifiers = value ? value->if_object() : nullptr;
  const json::object* mqtt = notifiers == nullptr ? nullptr : object_member(*notifiers, "MQTT");
  if (mqtt == nullptr) return std::optional<Broker>();
  auto broker = first_broker(*mqtt);
  if (!broker) return tl::unexpected<std::string>("no address of its broker is understood");
  const json::object* authentication = object_member(*mqtt, "authentication");
  const std::string method =
      authentication == nullptr ? "ANONYMOUS" : string_member(*authentication, "method");
  if (method == "OAUTH2_BEARER_TOKEN") {
    if (!broker->tls) {
      return tl::unexpected<std::string>("its broker wants a token without TLS");
    }
    broker->user = string_member(*authentication, "username", 300);
    broker->token = true;
  } else if (method != "ANONYMOUS") {
    return tl::unexpected<std::string>("its broker wants what is not spoken here");
  }
  return broker;
}

std::vector<std::string> parse_topics(std::string_view text) {
  std::vector<std::string> topics;
  const auto value = parse_json(text);
  const json::object* answer = value ? value->if_object() : nullptr;
  const json::object* named = answer == nullptr ? nullptr : object_member(*answer, "topics");
  if (named == nullptr) return topics;
  for (const auto& [operation, topic] : *named) {
    const json::string* name = topic.if_string();
    if (name == nullptr || name->empty() || name->size() > 1000) continue;
    if (topics.size() < kMaxTopics) topics.emplace_back(name->data(), name->size());
  }
  return topics;
}

/// One connection, which the library keeps up.
struct MqttChore::Client {
  Client(std::vector<std::string> wanted, std::function<void()> on_hint)
      : topics(std::move(wanted)), hint(std::move(on_hint)) {
    mosquitto_lib_init();
    handle = mosquitto_new(nullptr, true, this);
    if (handle == nullptr) return;
    mosquitto_connect_callback_set(handle, &on_connect);
    mosquitto_message_callback_set(handle, &on_message);
  }
  ~Client() {
    if (handle != nullptr) {
      mosquitto_disconnect(handle);
      if (running) mosquitto_loop_stop(handle, false);
      mosquitto_destroy(handle);
    }
    mosquitto_lib_cleanup();
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connect(const Broker& broker, const std::string& token, const HttpSettings& tls) {
    if (handle == nullptr) return false;
    mosquitto_reconnect_delay_set(handle, 1, 30, true);
    if (broker.tls) {
      const std::string file = tls.ca_file.string();
      const int done = file.empty() ? mosquitto_int_option(handle, MOSQ_OPT_TLS_USE_OS_CERTS, 1)
                                    : mosquitto_tls_set(handle, file.c_str(), nullptr, nullptr,
                                                        nullptr, nullptr);
      if (done != MOSQ_ERR_SUCCESS) return false;
      mosquitto_tls_opts_set(handle, tls.verify ? 1 : 0, "tlsv1.2", nullptr);
      mosquitto_tls_insecure_set(handle, !tls.verify);
    }
    if (broker.token) mosquitto_username_pw_set(handle, broker.user.c_str(), token.c_str());
    if (mosquitto_connect_async(handle, broker.host.c_str(), broker.port, kKeepAlive) ==
        MOSQ_ERR_INVAL) {
      return false;
    }
    running = mosquitto_loop_start(handle) == MOSQ_ERR_SUCCESS;
    return running;
  }

  static void on_connect(mosquitto* /*handle*/, void* self, int code) {
    static_cast<Client*>(self)->connected(code);
  }
  static void on_message(mosquitto* /*handle*/, void* self, const mosquitto_message* /*message*/) {
    static_cast<Client*>(self)->hint();
  }

  void connected(int code) {
    if (code != 0) {
      refused = true;
      return;
    }
    for (const std::string& topic : topics)
      mosquitto_subscribe(handle, nullptr, topic.c_str(), 1);
    hint();  // what was said in the meantime is lost
  }

  mosquitto* handle = nullptr;
  bool running = false;
  std::vector<std::string> topics;
  std::function<void()> hint;
  std::atomic<bool> refused{false};
};

MqttChore::MqttChore(HttpSettings tls, std::function<void()> hint)
    : tls_(std::move(tls)), hint_(std::move(hint)) {}

MqttChore::~MqttChore() = default;

void MqttChore::stop() {
  client_.reset();
}

tl::expected<void, Refusal> MqttChore::run(const View& view, const std::stop_token& stop) {
  if (client_ && !client_->refused) return {};
  const throttle::SteadyTime now = view.client.now().steady;
  if (again_at_ && now < *again_at_) return {};
  again_at_ = now + kTryAgain;
  client_.reset();
  if (auto done = set_up(view, stop); !done) {
    return tl::unexpected(
        Refusal{"notifications: " + done.error().text, done.error().status, done.error().wait});
  }
  return {};
}

tl::expected<void, Refusal> MqttChore::set_up(const View& view, const std::stop_token& stop) {
  if (view.enrolment.ven_id().empty()) return {};
  const auto answer = view.client.get("/notifiers", stop);
  if (!answer) {
    // Not of this VTN, or not for us: it is asked for nothing more than hints.
    const long status = answer.error().status;
    const bool none = status == 403 || status == 404 || status == 405 || status == 501;
    if (none) return {};
    return tl::unexpected(answer.error());
  }
  const auto broker = parse_notifiers(answer->body);
  if (!broker) return tl::unexpected(Refusal{broker.error(), 0, {}});
  if (!*broker) return {};
  std::vector<std::string> topics;
  for (const char* what : {"events", "programs"}) {
    const auto named = view.client.get(
        "/notifiers/mqtt/topics/vens/" + url_encoded(view.enrolment.ven_id()) + '/' + what, stop);
    if (!named) return tl::unexpected(named.error());
    for (std::string& topic : parse_topics(named->body))
      topics.push_back(std::move(topic));
  }
  if (stop.stop_requested()) return {};
  client_ = std::make_unique<Client>(std::move(topics), hint_);
  if (client_->connect(**broker, view.client.token(), tls_)) return {};
  client_.reset();
  return tl::unexpected(Refusal{"its broker's settings are not accepted", 0, {}});
}

}  // namespace ebb::sources::openadr
