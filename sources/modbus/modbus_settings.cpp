#include "sources/modbus/modbus_settings.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "throttle/duration_text.h"

namespace ebb::sources {
namespace {

constexpr std::size_t kMaxHost = 253;  // bytes, as DNS has it
constexpr std::chrono::milliseconds kMaxTimeout{10'000};

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= kMaxHost &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < 0x7f && c != '/' && c != '@'; });
}

}  // namespace

tl::expected<ModbusSettings, std::string> parse_modbus_address(std::string_view text) {
  const auto fault = [&] {
    return tl::unexpected("'" + std::string(text.substr(0, 100)) +
                          "' is not an address such as 10.0.0.7:502");
  };
  ModbusSettings settings;
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with("[")) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return fault();
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (!port.empty()) {
    const auto number = port.front() == ':' ? parse_port(port.substr(1)) : std::nullopt;
    if (!number) return fault();
    settings.port = *number;
  }
  if (!is_host(host)) return fault();
  settings.host = host;
  return settings;
}

ModbusSettings read_modbus_settings(throttle::TableReader& table, std::string_view key) {
  ModbusSettings settings;
  if (table.node(key) == nullptr) {
    table.fail(key, "is missing: an address such as \"10.0.0.7:502\"");
  } else if (auto address = table.parsed(key, parse_modbus_address)) {
    settings = *std::move(address);
  }
  if (const auto unit = table.integer("unit")) {
    // 248 to 254 are reserved; 255 is what some servers want that have no bus behind them.
    if (*unit < 0 || (*unit > 247 && *unit != 255)) {
      table.fail("unit", "must be from 0 to 247, or 255");
    }
    settings.unit = static_cast<int>(*unit);
  }
  if (const auto timeout = table.parsed("timeout", throttle::parse_duration)) {
    if (*timeout > kMaxTimeout) table.fail("timeout", "is longer than 10s");
    settings.timeout = *timeout;
  }
  return settings;
}

std::string text(const ModbusSettings& settings) {
  const bool bare_v6 = settings.host.find(':') != std::string::npos;
  return (bare_v6 ? "[" + settings.host + "]" : settings.host) + ":" +
         std::to_string(settings.port) + "/" + std::to_string(settings.unit);
}

}  // namespace ebb::sources
