#pragma once
// TLS over a connection that stands.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "stratum/transport/pool_transport.h"
#include "stratum/transport/stream.h"

namespace ebb::stratum {

/// Shakes hands as a client, TLS 1.2 or newer. Nothing of ours is sent to a server that
/// ServerCheck refuses. The error is one line.
boost::asio::awaitable<tl::expected<std::unique_ptr<Stream>, std::string>> start_tls(
    boost::asio::ip::tcp::socket socket, std::string host, const PoolTransport& transport,
    std::string remote);

}  // namespace ebb::stratum
