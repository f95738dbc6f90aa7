#pragma once
// Where the HTTP API listens.

#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace ebb::miner {

using ApiAddress = boost::asio::ip::tcp::endpoint;

/// "127.0.0.1:4033", "[::1]:4033"; an address that is no loopback is refused. Port 0: any free one.
tl::expected<ApiAddress, std::string> parse_api_address(std::string_view text);

}  // namespace ebb::miner
