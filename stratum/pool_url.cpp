#include "stratum/pool_url.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace ebb::stratum {
namespace {

using Scheme = PoolUrl::Scheme;

// The first name of each scheme is the one that is shown.
constexpr std::array<std::pair<std::string_view, Scheme>, 6> kSchemes{{
    {"stratum+tcp://", Scheme::tcp},
    {"stratum+tls://", Scheme::tls},
    {"stratum+ssl://", Scheme::tls},
    {"stratum+tcps://", Scheme::tls},
    {"http://", Scheme::node_http},
    {"https://", Scheme::node_https},
}};
constexpr std::size_t kMaxScheme = 20;
constexpr std::size_t kMaxHostLength = 253;  // RFC 1035, 2.3.4, as text

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

/// As RFC 3986 has them in an authority before its '@', percent-encoding included.
bool is_credential_character(char c) {
  constexpr std::string_view kOthers = "-._~%!$&'()*+,;=:";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

bool is_address_character(char c) {
  return is_host_character(c) || c == ':' || c == '%';
}

}  // namespace

std::string HostPort::text() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

tl::expected<HostPort, std::string> parse_host_port(std::string_view text) {
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
  return HostPort{std::string(host), static_cast<std::uint16_t>(port)};
}

std::string PoolUrl::text() const {
  const auto known = std::find_if(kSchemes.begin(), kSchemes.end(),
                                  [this](const auto& entry) { return entry.second == scheme; });
  return std::string(known->first) + at.text();
}

tl::expected<PoolUrl, std::string> parse_pool_url(std::string_view text) {
  const auto known = std::find_if(kSchemes.begin(), kSchemes.end(),
                                  [&](const auto& entry) { return text.starts_with(entry.first); });
  if (known == kSchemes.end()) {
    // Quotes no more than what may be a scheme: credentials may follow.
    return tl::unexpected("'" + std::string(text.substr(0, std::min(text.find(':'), kMaxScheme))) +
                          "' is no scheme of a pool: stratum+tcp://, stratum+tls://, or of a " +
                          "node: http://, https://");
  }
  text.remove_prefix(known->first.size());
  if (text.ends_with('/')) text.remove_suffix(1);
  PoolUrl url;
  url.scheme = known->second;
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    url.credentials = text.substr(0, at);
    // Whoever reads the address after us would end it, or the credentials, elsewhere.
    if (!std::all_of(url.credentials.begin(), url.credentials.end(), is_credential_character)) {
      return tl::unexpected(std::string(
          "the user and password of an address must be percent-encoded: @ is %40, / is %2F"));
    }
    text.remove_prefix(at + 1);
    if (!url.is_node()) {
      return tl::unexpected("'" + std::string(text.substr(0, kMaxHostLength)) +
                            "': a pool takes its user and password elsewhere, not in its address");
    }
  }
  auto at = parse_host_port(text);
  // Without its host, an address is user and password.
  if (!at && url.is_node() && url.credentials.empty()) {
    return tl::unexpected(
        std::string("a node's address is http://host:port or http://user:password@host:port"));
  }
  if (!at) return tl::unexpected(at.error());
  if (at->port == 0) return tl::unexpected("'" + std::string(text) + "' has port 0");
  url.at = std::move(*at);
  return url;
}

}  // namespace ebb::stratum
