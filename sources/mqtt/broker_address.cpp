#include "sources/mqtt/broker_address.h"

#include <algorithm>
#include <charconv>

namespace ebb::sources {
namespace {

constexpr std::size_t kMaxHost = 253;

/// A name, an IPv4 address, or an IPv6 address without its brackets.
bool may_be_host(std::string_view host) {
  return !host.empty() && host.size() <= kMaxHost &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_' || c == ':';
         });
}

}  // namespace

tl::expected<BrokerAddress, std::string> parse_broker(std::string_view text) {
  const auto fault = [&] {
    return tl::unexpected("'" + std::string(text.substr(0, 100)) +
                          "' is not a broker such as mqtts://host:8883");
  };
  BrokerAddress broker;
  std::string_view rest = text;
  if (rest.starts_with("mqtts://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("mqtt://")) {
    rest.remove_prefix(7);
    broker.tls = false;
    broker.port = 1883;
  } else {
    return fault();
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return fault();
    broker.host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
  } else {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    broker.host = rest.substr(0, colon);
    port = rest.substr(colon);
  }
  if (!may_be_host(broker.host)) return fault();
  if (port.empty()) return broker;
  const char* const end = port.data() + port.size();
  const auto [read, error] = std::from_chars(port.data() + 1, end, broker.port);
  if (port.front() != ':' || error != std::errc() || read != end || broker.port == 0) {
    return fault();
  }
  return broker;
}

std::string text(const BrokerAddress& broker) {
  const bool brackets = broker.host.find(':') != std::string::npos;
  return (broker.tls ? "mqtts://" : "mqtt://") +
         (brackets ? "[" + broker.host + "]" : broker.host) + ":" + std::to_string(broker.port);
}

bool is_loopback(const BrokerAddress& broker) {
  return broker.host == "localhost" || broker.host.starts_with("127.") || broker.host == "::1";
}

}  // namespace ebb::sources
