#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <mutex>
#include <thread>

#include "sources/mqtt/broker_link.h"
#include "sources/mqtt/mqtt_kind.h"
#include "sources/mqtt/mqtt_source.h"
#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"
#include "throttle/schedule/table_reader.h"

using namespace ebb;
using namespace ebb::sources;
using namespace std::chrono_literals;

namespace {

/// Of a [[source]] table's own keys; what `ebb check` shows.
std::string fault(const std::string& text, Open* open = nullptr) {
  const toml::parse_result parsed = toml::parse(text);
  REQUIRE(parsed);
  throttle::TableReader table(parsed.table());
  const Open read = kMqttKind.read(table, "/nowhere");
  if (open != nullptr) *open = read;
  const auto finished = table.finish();
  return finished ? "" : finished.error();
}

std::string with(const std::string& keys) {
  return fault("broker = \"mqtts://broker\"\n" + keys);
}

Context context() {
  Context context;
  context.clock = [] {
    throttle::Now now;
    now.steady = std::chrono::steady_clock::now();
    return now;
  };
  context.rig = "rig1";
  return context;
}

class Silent final : public Port {
 public:
  void send(std::vector<Update>) override { ++sent; }
  void show(Health latest) override {
    const std::lock_guard lock(mutex);
    health = std::move(latest);
  }
  void warn(std::string line) override {
    const std::lock_guard lock(mutex);
    warning = std::move(line);
  }
  std::atomic<int> sent = 0;
  std::mutex mutex;
  Health health;
  std::string warning;
};

/// Listens on loopback, takes connections into its backlog and never says a word.
class DeafServer {
 public:
  DeafServer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(socket_, 8) == 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~DeafServer() { ::close(socket_); }
  std::uint16_t port() const { return port_; }
  void take_and_close() const { ::close(::accept(socket_, nullptr, nullptr)); }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

}  // namespace

TEST_CASE("mqtt settings: what is complete is taken") {
  CHECK(with("topic = \"site/cap\"").empty());
  CHECK(with("target_topic = \"maestro/target\"\nuser = \"rig\"\npassword_env = \"P\"\n"
             "ca_file = \"ca.pem\"\ncert_file = \"c.pem\"\nkey_file = \"k.pem\"\n"
             "client_id = \"rig1\"\nsecond_broker = \"mqtt://localhost\"\n"
             "publish = \"ebb/rig1\"\npublish_every = \"30s\"\nhome_assistant = true\n"
             "discovery_prefix = \"ha\"")
            .empty());
  CHECK(with("publish = \"ebb/rig1\"\nfeed = false").empty());
}

TEST_CASE("mqtt settings: each mistake is told with its line") {
  CHECK(fault("topic = \"a\"") == "line 1:1: broker: is missing, such as \"mqtts://host:8883\"");
  CHECK(fault("broker = \"tcp://x\"\ntopic = \"a\"") ==
        "line 1:10: broker: 'tcp://x' is not a broker such as mqtts://host:8883");
  CHECK(with("") == "line 1:1: topic: is missing: a feed must be heard (or set feed = false)");
  CHECK(with("feed = false") ==
        "line 1:1: topic: is missing, and publish, too: it would do nothing");
  CHECK(with("topic = \"site/+\"") == "line 2:9: topic: 'site/+' has wildcards: + or #");
  CHECK(with("topic = \"\"") == "line 2:9: topic: '' must have 1 to 1000 bytes");
  CHECK(with("topic = \"a\"\ntarget_topic = \"a\"") ==
        "line 3:16: target_topic: is the same as topic");
  CHECK(with("topic = \"a\"\nhome_assistant = true") ==
        "line 3:18: home_assistant: needs publish, such as \"ebb/rig1\"");
  CHECK(with("topic = \"a\"\npassword_env = \"P\"") == "line 1:1: user: is missing");
  CHECK(with("topic = \"a\"\nkey_file = \"k\"") == "line 1:1: cert_file: goes with key_file");
  CHECK(with("topic = \"a\"\npublish_every = \"0s\"") ==
        "line 3:17: publish_every: must be 1 s or more");
  CHECK(with("topic = \"a\"\nqos = 2") == "line 3:7: qos: unknown key");
  CHECK(fault("broker = \"mqtt://localhost\"\ntopic = \"a\"\nca_file = \"ca.pem\"") ==
        "line 1:10: broker: certificates need mqtts://");
}

TEST_CASE("mqtt source: a secret or a certificate that is not there is told when it is opened") {
  throttle::SourceRule rule;
  rule.name = "site";
  Open open;
  REQUIRE(
      fault("broker = \"mqtts://localhost\"\ntopic = \"a\"\nca_file = \"ca.pem\"", &open).empty());
  CHECK(open(rule, context()).error() == "/nowhere/ca.pem: cannot be read");
  REQUIRE(fault("broker = \"mqtts://localhost\"\ntopic = \"a\"\nuser = \"u\"\n"
                "password_env = \"EBB_NO_SUCH_VARIABLE\"",
                &open)
              .empty());
  CHECK(open(rule, context()).error() == "there is no environment variable EBB_NO_SUCH_VARIABLE");
}

TEST_CASE("mqtt source: it stops within a second when its brokers hang") {
  const DeafServer server;
  MqttSettings settings;
  settings.broker = {"127.0.0.1", server.port(), false};
  settings.second_broker = BrokerAddress{"127.0.0.1", server.port(), true};
  settings.topic = "site/cap";
  settings.publish = "ebb/rig1";
  throttle::SourceRule rule;
  rule.name = "site";
  Silent port;
  auto source = make_mqtt_source(settings, rule, context());
  REQUIRE(source);
  (*source)->start(port);
  const std::clock_t before = std::clock();
  std::this_thread::sleep_for(500ms);
  CHECK(std::clock() - before < CLOCKS_PER_SEC / 4);  // it waits, it does not spin
  for (int i = 0; i < 1000; ++i)
    (*source)->tell({});
  const auto begin = std::chrono::steady_clock::now();
  (*source)->stop();
  CHECK(std::chrono::steady_clock::now() - begin < 2s);
  CHECK(port.sent == 0);
  const std::lock_guard lock(port.mutex);
  CHECK_FALSE(port.health.connected);
  CHECK(port.warning.empty());  // loopback need not be encrypted
}

TEST_CASE("mqtt source: why a broker cannot be reached is told at once") {
  const bool tls = GENERATE(true, false);
  const bool closes = GENERATE(true, false);
  CAPTURE(tls, closes);
  auto server = std::make_unique<DeafServer>();
  std::uint16_t number = server->port();
  std::jthread closing;
  if (closes) {
    closing = std::jthread([&server] { server->take_and_close(); });
  } else {
    server.reset();
  }
  MqttSettings settings;
  settings.broker = {"127.0.0.1", number, tls};
  settings.topic = "site/cap";
  throttle::SourceRule rule;
  rule.name = "site";
  Silent port;
  auto source = make_mqtt_source(settings, rule, context());
  REQUIRE(source);
  (*source)->start(port);
  const auto end = std::chrono::steady_clock::now() + 5s;
  std::string trouble;
  while (trouble.empty() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(10ms);
    const std::lock_guard lock(port.mutex);
    trouble = port.health.trouble;
  }
  (*source)->stop();
  // In whose words depends on whether the TLS library was the first to notice.
  CHECK(trouble.starts_with(text(settings.broker) + ": "));
  if (!tls && !closes) CHECK(trouble == text(settings.broker) + ": Connection refused");
}
