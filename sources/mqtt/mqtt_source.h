#pragma once
// Messages of one or two brokers as a source, and the rig's state as messages.

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "sources/mqtt/broker_address.h"
#include "sources/source.h"

namespace ebb::sources {

struct MqttSettings {
  BrokerAddress broker;
  std::optional<BrokerAddress> second_broker;
  std::string user, password;
  std::filesystem::path ca_file, cert_file, key_file;
  std::string client_id;
  std::string topic;         ///< of CapMessages; empty: none
  std::string target_topic;  ///< of TargetMessages; empty: none
  std::string publish;       ///< the base of what is published; empty: nothing is
  std::chrono::seconds publish_every{10};
  bool home_assistant = false;
  std::string discovery_prefix = "homeassistant";
};

/// Connects to nothing yet. The error is one line without secrets.
tl::expected<std::unique_ptr<Source>, std::string> make_mqtt_source(
    MqttSettings settings, const throttle::SourceRule& rule, const Context& context);

}  // namespace ebb::sources
