#include "sources/nut/ups_address.h"

#include <algorithm>
#include <charconv>

namespace ebb::sources {
namespace {

constexpr std::size_t kMaxName = 255;

bool plain(std::string_view text, std::string_view besides) {
  return !text.empty() && text.size() <= kMaxName &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  besides.find(c) != std::string_view::npos;
         });
}

}  // namespace

tl::expected<UpsAddress, std::string> parse_ups_address(std::string_view text) {
  const auto wrong = [] {
    return tl::unexpected<std::string>("must be ups, ups@host or ups@host:port");
  };
  UpsAddress address;
  const std::size_t at = text.find('@');
  address.ups = text.substr(0, at);
  if (!plain(address.ups, "-_.")) return wrong();
  if (at == std::string_view::npos) return address;
  std::string_view host = text.substr(at + 1);
  std::string_view port;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return wrong();
    port = host.substr(end + 1);
    host = host.substr(1, end - 1);
    if (!plain(host, ":.%")) return wrong();
  } else {
    const std::size_t colon = host.find(':');
    if (colon != std::string_view::npos) port = host.substr(colon);
    host = host.substr(0, colon);
    if (!plain(host, "-_.")) return wrong();
  }
  address.host = host;
  if (port.empty()) return address;
  port.remove_prefix(1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || address.port == 0) return wrong();
  return address;
}

}  // namespace ebb::sources
