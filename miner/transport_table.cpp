#include "miner/transport_table.h"

#include <toml++/toml.h>
#include <utility>

#include "stratum/transport/server_check.h"
#include "throttle/schedule/table_reader.h"

namespace ebb::miner {
namespace {

using throttle::TableReader;

constexpr std::size_t kMaxPins = 16;

void add_pin(TableReader& table, const toml::node& node, std::vector<stratum::Pin>& pins) {
  const auto text = node.value<std::string>();
  const auto pin = stratum::parse_pin(text.value_or(""));
  if (!text) {
    table.fail("pin", "must be a text or a list of texts: \"sha256:…\"");
  } else if (!pin) {
    table.fail("pin", pin.error());
  } else if (pins.size() == kMaxPins) {
    table.fail("pin", "is a list of more than " + std::to_string(kMaxPins));
  } else {
    pins.push_back(*pin);
  }
}

std::vector<stratum::Pin> read_pins(TableReader& table) {
  std::vector<stratum::Pin> pins;
  const toml::node* node = table.node("pin");
  if (node == nullptr) return pins;
  if (const toml::array* list = node->as_array()) {
    // An empty list may not pass for "any certificate will do", nor for none wanted.
    if (list->empty()) table.fail("pin", "is an empty list");
    for (const toml::node& element : *list)
      add_pin(table, element, pins);
  } else {
    add_pin(table, *node, pins);
  }
  return pins;
}

}  // namespace

TransportOptions read_transport(TableReader& table, const std::filesystem::path& folder,
                                const std::optional<stratum::PoolUrl>& url) {
  TransportOptions options;
  options.pool.ca_file = table.file("ca_file", folder).value_or("");
  options.pool.pins = read_pins(table);
  for (const char* const key : {"ca_file", "pin"}) {
    if (url && !url->is_encrypted() && table.node(key) != nullptr) {
      table.fail(key, url->is_node() ? "the node's address is not encrypted: https://"
                                     : "the pool's address is not encrypted: stratum+tls://");
    }
  }
  options.pool.proxy = table.parsed("proxy", stratum::parse_proxy);
  options.proxy_password = sources::read_secret_place(table, "proxy_password", folder);
  if (!options.proxy_password.empty()) {
    const auto& proxy = options.pool.proxy;
    if (!proxy || proxy->user.empty() || !proxy->password.empty()) {
      table.fail("proxy", "with a password elsewhere it must name a user and no password");
    }
  }
  options.pool.follow_reconnect = table.boolean("follow_reconnect").value_or(true);
  return options;
}

tl::expected<stratum::PoolTransport, std::string> open_transport(TransportOptions options) {
  stratum::PoolTransport& pool = options.pool;
  if (!options.proxy_password.empty()) {
    auto password = sources::load_secret(options.proxy_password);
    if (!password) return tl::unexpected(password.error());
    auto proxy = stratum::with_password(*std::move(pool.proxy), *std::move(password));
    if (!proxy) return tl::unexpected(proxy.error());
    pool.proxy = *std::move(proxy);
  }
  if (!pool.ca_file.empty()) {
    if (const auto checked = stratum::check_ca_file(pool.ca_file); !checked) {
      return tl::unexpected(checked.error());
    }
  }
  return std::move(pool);
}

}  // namespace ebb::miner
