#pragma once
// From a pool's address to a stream that is ready for the first line.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "stratum/pool_url.h"
#include "stratum/transport/pool_transport.h"
#include "stratum/transport/stream.h"

namespace ebb::stratum {

struct DialOptions {
  PoolTransport transport;
  std::chrono::milliseconds timeout{
      10'000};  ///< for all of it, from the name to the last handshake
};

using Dialled = tl::expected<std::unique_ptr<Stream>, std::string>;

/// Resolves the name anew, connects to the pool or its proxy, goes through the proxy, encrypts as
/// the scheme says: tls is never answered by a stream in clear text. The error is one line without
/// credentials. Can be cancelled.
boost::asio::awaitable<Dialled> dial(PoolUrl url, DialOptions options);

}  // namespace ebb::stratum
