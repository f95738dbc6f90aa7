#include "sources/mqtt/broker_link.h"

#include <mosquitto.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <system_error>
#include <thread>
#include <utility>

namespace ebb::sources {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kKeepAlive = 15;  // s; a broker that is silent for so long is gone
constexpr int kAtLeastOnce = 1;
constexpr int kMaxUnderWay = 16;  // messages that are not acknowledged; the rest waits here
constexpr int kRefusedTopic = 128;
constexpr Clock::duration kConnectTime = 10s;
constexpr Clock::duration kLongConnection = 30s;
constexpr std::chrono::milliseconds kFirstWait = 4s;
constexpr std::chrono::milliseconds kLongestWait = 32s;
constexpr Clock::duration kFarewell = 300ms;
constexpr Clock::duration kStopTime = 800ms;

struct Free {
  void operator()(mosquitto* client) const { mosquitto_destroy(client); }
};

/// An encrypted key would be asked for at the terminal.
int no_password(char*, int, int, void*) {
  return 0;
}

bool is_at_end(int socket) {
  char byte = 0;
  return recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

}  // namespace

// Apart from its BrokerLink, so that a thread that hangs can outlive that.
struct BrokerLink::State {
  BrokerLinkSettings settings;
  std::unique_ptr<mosquitto, Free> client;
  const int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

  std::mutex mutex;
  std::condition_variable ended;
  bool stopping = false;
  bool has_ended = false;
  std::map<std::string, std::string> outbox;  ///< the newest of each topic

  std::mutex events_mutex;  ///< held during an event
  BrokerLinkEvents events;

  // Of the thread alone.
  bool connected = false;
  int under_way = 0;
  std::string fault;  ///< of the attempt, as precise as it is known

  ~State() {
    client.reset();
    if (wake >= 0) close(wake);
  }

  tl::expected<void, std::string> prepare();
  void run();
  std::string live();
  int turn(Clock::duration most);
  bool socket_failed(int socket);
  int send_outbox();
  int publish_now(const std::string& topic, std::string_view payload);
  void say_availability(std::string_view word);
  void bid_farewell();
  bool must_stop();
  void sleep(Clock::duration time);
  void ring() const { [[maybe_unused]] const int done = eventfd_write(wake, 1); }
  void tell(bool is_connected, std::string trouble);

  void on_connect(int code);
  void on_message(const mosquitto_message& message);
};

namespace {

template <typename State>
State& state_of(void* state) {
  return *static_cast<State*>(state);
}

}  // namespace

tl::expected<void, std::string> BrokerLink::State::prepare() {
  static std::once_flag once;
  std::call_once(once, [] { mosquitto_lib_init(); });
  client.reset(mosquitto_new(settings.client_id.c_str(), true, this));
  under_way = 0;
  if (client == nullptr || wake < 0) return tl::unexpected<std::string>("out of resources");
  mosquitto* const mosq = client.get();
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? nullptr : text.c_str();
  };
  // The library is driven here by its socket: its own loop uses select(), which ends at 1,024
  // files, and its own thread cannot be stopped while a connection is being made.
  mosquitto_threaded_set(mosq, true);
  int code = MOSQ_ERR_SUCCESS;
  const auto take = [&](int result) {
    if (code == MOSQ_ERR_SUCCESS) code = result;
  };
  if (!settings.user.empty()) {
    take(mosquitto_username_pw_set(mosq, settings.user.c_str(), text_or_null(settings.password)));
  }
  if (settings.address.tls) {
    const char* const store = settings.ca_file.empty() ? "/etc/ssl/certs" : nullptr;
    take(mosquitto_tls_set(mosq, text_or_null(settings.ca_file), store,
                           text_or_null(settings.cert_file), text_or_null(settings.key_file),
                           &no_password));
    constexpr int kVerify = 1;
    take(mosquitto_tls_opts_set(mosq, kVerify, nullptr, nullptr));  // TLS 1.2 or newer
  }
  if (!settings.availability.empty()) {
    constexpr std::string_view kOffline = "offline";
    take(mosquitto_will_set(mosq, settings.availability.c_str(), int{kOffline.size()},
                            kOffline.data(), kAtLeastOnce, true));
  }
  take(mosquitto_int_option(mosq, MOSQ_OPT_TCP_NODELAY, 1));
  if (code != MOSQ_ERR_SUCCESS) return tl::unexpected<std::string>(mosquitto_strerror(code));

  mosquitto_connect_callback_set(
      mosq, [](mosquitto*, void* self, int answer) { state_of<State>(self).on_connect(answer); });
  mosquitto_message_callback_set(mosq, [](mosquitto*, void* self, const mosquitto_message* it) {
    state_of<State>(self).on_message(*it);
  });
  mosquitto_publish_callback_set(
      mosq, [](mosquitto*, void* self, int) { --state_of<State>(self).under_way; });
  mosquitto_subscribe_callback_set(
      mosq, [](mosquitto*, void* self, int, int count, const int* granted) {
        if (std::find(granted, granted + count, kRefusedTopic) == granted + count) return;
        state_of<State>(self).tell(true, "the broker refuses a subscription: see its ACL");
      });
  mosquitto_log_callback_set(mosq, [](mosquitto*, void* self, int level, const char* text) {
    if (level == MOSQ_LOG_ERR) state_of<State>(self).fault = text;
  });
  return {};
}

void BrokerLink::State::on_connect(int code) {
  if (code != 0) {
    fault = mosquitto_connack_string(code);
    return;
  }
  connected = true;
  for (const std::string& topic : settings.topics)
    mosquitto_subscribe(client.get(), nullptr, topic.c_str(), kAtLeastOnce);
  say_availability("online");
  tell(true, {});
}

void BrokerLink::State::say_availability(std::string_view word) {
  if (!settings.availability.empty()) publish_now(settings.availability, word);
}

int BrokerLink::State::publish_now(const std::string& topic, std::string_view payload) {
  const int code =
      mosquitto_publish(client.get(), nullptr, topic.c_str(), static_cast<int>(payload.size()),
                        payload.data(), kAtLeastOnce, true);
  if (code == MOSQ_ERR_SUCCESS) ++under_way;
  return code;
}

void BrokerLink::State::on_message(const mosquitto_message& message) {
  const std::lock_guard lock(events_mutex);
  if (!events.arrived) return;
  events.arrived(message.topic,
                 {static_cast<const char*>(message.payload),
                  static_cast<std::size_t>(std::max(message.payloadlen, 0))},
                 message.retain);
}

void BrokerLink::State::tell(bool is_connected, std::string trouble) {
  const std::lock_guard lock(events_mutex);
  if (events.changed) events.changed(is_connected, std::move(trouble));
}

bool BrokerLink::State::must_stop() {
  const std::lock_guard lock(mutex);
  return stopping;
}

void BrokerLink::State::run() {
  std::minstd_rand random(std::random_device{}());
  std::chrono::milliseconds wait = kFirstWait;
  while (!must_stop()) {
    const auto begin = Clock::now();
    const std::string trouble = live();
    client.reset();
    connected = false;
    if (must_stop()) break;
    if (Clock::now() - begin > kLongConnection) wait = kFirstWait;
    // A thousand that lost one broker overrun it when they come back at once: spread over half a
    // second the last needed 26 s for its TLS handshake, over three and a half 4 s.
    const auto random_wait = std::chrono::milliseconds(
        std::uniform_int_distribution<std::int64_t>(wait.count() / 8, wait.count())(random));
    tell(false, trouble);
    sleep(random_wait);
    wait = std::min(2 * wait, kLongestWait);
  }
  const std::lock_guard lock(mutex);
  has_ended = true;
  ended.notify_all();
}

/// A connection, from its beginning to its end. Why it ended.
std::string BrokerLink::State::live() {
  fault.clear();
  // A client of its own, which takes with it what the broker did not acknowledge.
  if (const auto prepared = prepare(); !prepared) return prepared.error();
  const auto why = [this](int code) {
    return fault.empty() ? std::string(mosquitto_strerror(code)) : fault;
  };
  mosquitto* const mosq = client.get();
  const int begun = mosquitto_connect_async(mosq, settings.address.host.c_str(),
                                            settings.address.port, kKeepAlive);
  if (begun != MOSQ_ERR_SUCCESS) return why(begun);
  const auto begin = Clock::now();
  while (true) {
    const int code = turn(1s);
    if (must_stop()) {
      if (connected) bid_farewell();
      return {};
    }
    if (code != MOSQ_ERR_SUCCESS) return why(code);
    if (mosquitto_socket(mosq) < 0) return why(MOSQ_ERR_CONN_LOST);
    if (!connected && Clock::now() - begin > kConnectTime) return "no answer";
  }
}

/// Waits for the socket or a ring, then reads and writes what is there.
int BrokerLink::State::turn(Clock::duration most) {
  mosquitto* const mosq = client.get();
  const int socket = mosquitto_socket(mosq);
  const auto writes = static_cast<short>(mosquitto_want_write(mosq) ? POLLOUT : 0);
  pollfd files[]{{wake, POLLIN, 0}, {socket, static_cast<short>(POLLIN | writes), 0}};
  const auto time = std::chrono::ceil<std::chrono::milliseconds>(most);
  if (poll(files, socket < 0 ? 1 : 2, static_cast<int>(time.count())) < 0) files[1].revents = 0;
  eventfd_t rings = 0;
  eventfd_read(wake, &rings);
  // Of a handshake the library takes an error and an end for a reason to wait on.
  if ((files[1].revents & POLLERR) != 0 && socket_failed(socket)) return MOSQ_ERR_CONN_LOST;
  if ((files[1].revents & POLLIN) != 0 && is_at_end(socket)) {
    if (!connected && fault.empty()) fault = "refused, or closed before it was a connection";
    return MOSQ_ERR_CONN_LOST;
  }
  int code = MOSQ_ERR_SUCCESS;
  if ((files[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) code = mosquitto_loop_read(mosq, 1);
  if (code == MOSQ_ERR_SUCCESS && connected) code = send_outbox();
  if (code == MOSQ_ERR_SUCCESS && mosquitto_want_write(mosq)) code = mosquitto_loop_write(mosq, 1);
  return code == MOSQ_ERR_SUCCESS ? mosquitto_loop_misc(mosq) : code;
}

bool BrokerLink::State::socket_failed(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error == 0) return false;
  fault = std::system_category().message(error);
  return true;
}

int BrokerLink::State::send_outbox() {
  while (under_way < kMaxUnderWay) {
    std::map<std::string, std::string>::node_type message;
    {
      const std::lock_guard lock(mutex);
      if (outbox.empty()) break;
      message = outbox.extract(outbox.begin());
    }
    const int code = publish_now(message.key(), message.mapped());
    if (code != MOSQ_ERR_SUCCESS) return code;
  }
  return MOSQ_ERR_SUCCESS;
}

/// A broker that was told goodbye does not send the will.
void BrokerLink::State::bid_farewell() {
  say_availability("offline");
  const auto end = Clock::now() + kFarewell;
  while (under_way > 0 && Clock::now() < end) {
    if (turn(end - Clock::now()) != MOSQ_ERR_SUCCESS) return;
  }
  mosquitto_disconnect(client.get());
  mosquitto_loop_write(client.get(), 1);
}

void BrokerLink::State::sleep(Clock::duration time) {
  const auto end = Clock::now() + time;
  while (!must_stop() && Clock::now() < end) {
    pollfd file{wake, POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    poll(&file, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    eventfd_t rings = 0;
    eventfd_read(wake, &rings);
  }
}

tl::expected<BrokerLink, std::string> BrokerLink::make(BrokerLinkSettings settings) {
  auto state = std::make_shared<State>();
  state->settings = std::move(settings);
  if (auto prepared = state->prepare(); !prepared) return tl::unexpected(prepared.error());
  return BrokerLink(std::move(state));
}

BrokerLink::BrokerLink(std::shared_ptr<State> state) : state_(std::move(state)) {}
BrokerLink::BrokerLink(BrokerLink&&) noexcept = default;

BrokerLink::~BrokerLink() {
  stop();
}

void BrokerLink::start(BrokerLinkEvents events) {
  state_->events = std::move(events);
  thread_ = std::thread([state = state_] { state->run(); });
}

void BrokerLink::publish(const std::string& topic, std::string payload) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->outbox.insert_or_assign(topic, std::move(payload));
  }
  state_->ring();
}

void BrokerLink::begin_to_stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->ring();
}

void BrokerLink::stop() {
  if (!thread_.joinable()) return;
  begin_to_stop();
  {
    std::unique_lock lock(state_->mutex);
    if (!state_->ended.wait_for(lock, kStopTime, [this] { return state_->has_ended; })) {
      thread_.detach();
    }
  }
  if (thread_.joinable()) thread_.join();
  const std::lock_guard events(state_->events_mutex);
  state_->events = {};
}

}  // namespace ebb::sources
