#include "stratum/transport/proxy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

namespace ebb::stratum {
namespace {

using Kind = Proxy::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 3> kSchemes{{
    {"socks5://", Kind::socks5},
    {"socks5h://", Kind::socks5},
    {"http://", Kind::http},
}};
constexpr std::size_t kMaxCredential = 255;  // RFC 1929: its length is one byte

/// Nothing when a percent sign is not followed by two digits.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    unsigned char byte = 0;
    const char* const last = digits.data() + digits.size();
    if (digits.size() != 2 || std::from_chars(digits.data(), last, byte, 16).ptr != last) return {};
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

bool is_credential(std::string_view text) {
  return text.size() <= kMaxCredential && std::all_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
         });
}

tl::expected<Proxy, std::string> with_credentials(Proxy proxy, std::string user,
                                                  std::string password) {
  if (user.empty()) return tl::unexpected<std::string>("the proxy's user is empty");
  if (!is_credential(user) || !is_credential(password)) {
    return tl::unexpected<std::string>(
        "the proxy's user or password is too long or has a control character");
  }
  if (proxy.kind == Kind::http && user.find(':') != std::string::npos) {
    return tl::unexpected<std::string>("the proxy's user has a ':', which HTTP cannot tell");
  }
  proxy.user = std::move(user);
  proxy.password = std::move(password);
  return proxy;
}

tl::expected<Proxy, std::string> read_credentials(Proxy proxy, std::string_view text) {
  const std::size_t colon = text.find(':');
  auto user = percent_decoded(text.substr(0, colon));
  auto password = percent_decoded(colon == std::string_view::npos ? "" : text.substr(colon + 1));
  if (!user || !password) {
    return tl::unexpected<std::string>("the proxy's user or password has a '%' that is no %XX");
  }
  return with_credentials(std::move(proxy), *std::move(user), *std::move(password));
}

}  // namespace

std::string Proxy::text() const {
  return (kind == Kind::socks5 ? "socks5://" : "http://") + at.text();
}

tl::expected<Proxy, std::string> parse_proxy(std::string_view text) {
  const auto known = std::find_if(kSchemes.begin(), kSchemes.end(),
                                  [&](const auto& entry) { return text.starts_with(entry.first); });
  // Quotes nothing: whatever does not parse may hold a password.
  if (known == kSchemes.end()) {
    return tl::unexpected<std::string>(
        "a proxy is socks5://[user:password@]host:port or http://[user:password@]host:port");
  }
  text.remove_prefix(known->first.size());
  if (text.ends_with('/')) text.remove_suffix(1);
  Proxy proxy;
  proxy.kind = known->second;
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    auto read = read_credentials(std::move(proxy), text.substr(0, at));
    if (!read) return read;
    proxy = *std::move(read);
    text.remove_prefix(at + 1);
  }
  auto at = parse_host_port(text);
  if (!at || at->port == 0) {
    return tl::unexpected<std::string>("the proxy's address has no host:port at its end");
  }
  proxy.at = std::move(*at);
  return proxy;
}

tl::expected<Proxy, std::string> with_password(Proxy proxy, std::string password) {
  std::string user = std::move(proxy.user);
  return with_credentials(std::move(proxy), std::move(user), std::move(password));
}

}  // namespace ebb::stratum
