#pragma once
// Where a broker is.

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace ebb::sources {

struct BrokerAddress {
  std::string host;  ///< without the brackets of an IPv6 address
  std::uint16_t port = 8883;
  bool tls = true;
};

/// "mqtts://host:8883" or "mqtt://host"; the ports are 8883 and 1883 when absent.
tl::expected<BrokerAddress, std::string> parse_broker(std::string_view text);

/// As parse_broker reads it.
std::string text(const BrokerAddress& broker);

/// What is sent there does not leave this machine.
bool is_loopback(const BrokerAddress& broker);

}  // namespace ebb::sources
