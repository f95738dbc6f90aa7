#include "sources/mqtt/mqtt_kind.h"

#include <fstream>
#include <utility>

#include "sources/mqtt/mqtt_source.h"
#include "sources/secret.h"
#include "throttle/duration_text.h"
#include "throttle/schedule/table_reader.h"

namespace ebb::sources {
namespace {

using throttle::TableReader;

constexpr std::size_t kMaxTopic = 1000;  // bytes; the protocol ends at 65,535

template <class T, class Value>
void set(T& setting, std::optional<Value> value) {
  if (value) setting = *std::move(value);
}

tl::expected<std::string, std::string> parse_topic(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return tl::unexpected("'" + std::string(text.substr(0, 100)) + "' " + std::string(why));
  };
  if (text.empty() || text.size() > kMaxTopic) return wrong("must have 1 to 1000 bytes");
  if (text.find_first_of("+#") != std::string_view::npos) return wrong("has wildcards: + or #");
  if (text.find_first_of(std::string_view("\0\n\r", 3)) != std::string_view::npos) {
    return wrong("must be one line of text");
  }
  if (text.ends_with('/') || text.starts_with('$')) return wrong("is not a topic such as site/cap");
  return std::string(text);
}

void read_topics(TableReader& table, MqttSettings& settings) {
  set(settings.topic, table.parsed("topic", parse_topic));
  set(settings.target_topic, table.parsed("target_topic", parse_topic));
  set(settings.publish, table.parsed("publish", parse_topic));
  set(settings.publish_every, table.parsed("publish_every", throttle::parse_wait_seconds));
  set(settings.home_assistant, table.boolean("home_assistant"));
  set(settings.discovery_prefix, table.parsed("discovery_prefix", parse_topic));
  const bool hears = !settings.topic.empty() || !settings.target_topic.empty();
  if (!hears && table.boolean("feed").value_or(kMqttKind.feed)) {
    table.fail("topic", "is missing: a feed must be heard (or set feed = false)");
  }
  if (!hears && settings.publish.empty())
    table.fail("topic", "is missing, and publish, too: it would do nothing");
  if (hears && settings.topic == settings.target_topic) {
    table.fail("target_topic", "is the same as topic");
  }
  if (settings.home_assistant && settings.publish.empty()) {
    table.fail("home_assistant", "needs publish, such as \"ebb/rig1\"");
  }
  if (settings.publish_every < std::chrono::seconds(1)) {
    table.fail("publish_every", "must be 1 s or more");
  }
}

void read_trust(TableReader& table, const std::filesystem::path& folder, MqttSettings& settings) {
  set(settings.ca_file, table.file("ca_file", folder));
  set(settings.cert_file, table.file("cert_file", folder));
  set(settings.key_file, table.file("key_file", folder));
  if (settings.cert_file.empty() != settings.key_file.empty()) {
    table.fail("cert_file", "goes with key_file");
  }
  const bool tls = settings.broker.tls || (settings.second_broker && settings.second_broker->tls);
  const bool files = !settings.ca_file.empty() || !settings.cert_file.empty();
  if (files && !tls) table.fail("broker", "certificates need mqtts://");
}

Open read_mqtt(TableReader& table, const std::filesystem::path& folder) {
  MqttSettings settings;
  if (table.node("broker") == nullptr) {
    table.fail("broker", "is missing, such as \"mqtts://host:8883\"");
  }
  set(settings.broker, table.parsed("broker", parse_broker));
  settings.second_broker = table.parsed("second_broker", parse_broker);
  set(settings.user, table.string("user"));
  const SecretPlace password = read_secret_place(table, "password", folder);
  if (settings.user.empty() && !password.empty()) table.fail("user", "is missing");
  set(settings.client_id, table.string("client_id"));
  read_trust(table, folder, settings);
  read_topics(table, settings);
  return [settings, password](
             const throttle::SourceRule& rule,
             const Context& context) -> tl::expected<std::unique_ptr<Source>, std::string> {
    MqttSettings own = settings;
    for (const auto& file : {own.ca_file, own.cert_file, own.key_file}) {
      if (!file.empty() && !std::ifstream(file).is_open()) {
        return tl::unexpected(file.string() + ": cannot be read");
      }
    }
    if (!password.empty()) {
      auto secret = load_secret(password);
      if (!secret) return tl::unexpected(std::move(secret.error()));
      own.password = *std::move(secret);
    }
    return make_mqtt_source(std::move(own), rule, context);
  };
}

}  // namespace

const Kind kMqttKind{.type = "mqtt",
                     .feed = true,
                     .signal_class = throttle::SignalClass::mandatory,
                     .read = &read_mqtt};

}  // namespace ebb::sources
