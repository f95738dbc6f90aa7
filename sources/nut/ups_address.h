#pragma once
// Which UPS of which server.

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace ebb::sources {

struct UpsAddress {
  std::string ups;
  std::string host = "localhost";
  std::uint16_t port = 3493;
  std::string text() const { return ups + "@" + host + ":" + std::to_string(port); }
};

/// "ups", "ups@host", "ups@host:3493", "ups@[::1]:3493", as NUT's own clients write it.
tl::expected<UpsAddress, std::string> parse_ups_address(std::string_view text);

}  // namespace ebb::sources
