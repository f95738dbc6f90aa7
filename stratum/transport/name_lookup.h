#pragma once
// Addresses of a name.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "stratum/pool_url.h"

namespace ebb::stratum {

using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

/// Asks the system anew each time, for both families; best first, as the system sorts them
/// (RFC 6724). Unlike Asio's resolver it can be cancelled: the thread that asks is then left
/// behind.
boost::asio::awaitable<tl::expected<Endpoints, std::string>> look_up(HostPort at);

}  // namespace ebb::stratum
