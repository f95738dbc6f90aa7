#include "stratum/pool_url.h"

#include <algorithm>
#include <charconv>

namespace ebb::stratum {
namespace {

constexpr std::string_view kScheme = "stratum+tcp://";
constexpr std::size_t kMaxHostLength = 253;  // RFC 1035, 2.3.4, as text

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

bool is_address_character(char c) {
  return is_host_character(c) || c == ':' || c == '%';
}

}  // namespace

std::string PoolUrl::text() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

tl::expected<PoolUrl, std::string> parse_host_port(std::string_view text) {
  const std::string quoted = "'" + std::string(text.substr(0, 200)) + "'";
  std::string_view host;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return tl::unexpected(quoted + " lacks the closing ']'");
    host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    if (host.find(':') == std::string_view::npos ||
        !std::all_of(host.begin(), host.end(), is_address_character)) {
      return tl::unexpected(quoted + " holds no IPv6 address in its brackets");
    }
  } else {
    const std::size_t colon = text.find(':');
    host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    if (!std::all_of(host.begin(), host.end(), is_host_character)) {
      return tl::unexpected(quoted + " has a character that no host name has");
    }
  }
  if (host.empty() || host.size() > kMaxHostLength) {
    return tl::unexpected(quoted + " names no host");
  }
  if (!rest.starts_with(':')) return tl::unexpected(quoted + " names no port");
  rest.remove_prefix(1);
  unsigned port = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), port);
  if (error != std::errc() || end != rest.data() + rest.size() || port > 65535) {
    return tl::unexpected(quoted + " has a port that is not a number up to 65535");
  }
  return PoolUrl{std::string(host), static_cast<std::uint16_t>(port)};
}

tl::expected<PoolUrl, std::string> parse_pool_url(std::string_view text) {
  if (!text.starts_with(kScheme)) {
    return tl::unexpected("'" + std::string(text.substr(0, 200)) + "' does not begin with " +
                          std::string(kScheme));
  }
  text.remove_prefix(kScheme.size());
  if (text.ends_with('/')) text.remove_suffix(1);
  auto url = parse_host_port(text);
  if (url && url->port == 0) return tl::unexpected("'" + std::string(text) + "' has port 0");
  return url;
}

}  // namespace ebb::stratum
