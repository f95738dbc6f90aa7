#include "miner/api_address.h"

#include <charconv>
#include <cstdint>

namespace ebb::miner {

tl::expected<ApiAddress, std::string> parse_api_address(std::string_view text) {
  const auto wrong = [] {
    return tl::unexpected<std::string>("must be a loopback address, such as 127.0.0.1:4033");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const std::string_view digits = text.substr(colon + 1);
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || failed != std::errc() || end != digits.data() + digits.size())
    return wrong();
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  if (error || !address.is_loopback()) return wrong();
  return ApiAddress(address, port);
}

}  // namespace ebb::miner
