#pragma once
// RFC 8305: of several addresses, the first that connects.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <string>
#include <tl/expected.hpp>

#include "stratum/transport/name_lookup.h"

namespace ebb::stratum {

/// RFC 8305, 5.
inline constexpr std::chrono::milliseconds kAttemptDelay{250};

/// Families in turn, beginning with the first one's; at most eight addresses.
Endpoints interleaved(const Endpoints& endpoints);

/// Starts an attempt when the one before has failed or kAttemptDelay has passed; when one has
/// connected, all others are closed. The error is the last attempt's. Ends when all have failed,
/// however long that takes.
boost::asio::awaitable<tl::expected<boost::asio::ip::tcp::socket, std::string>> connect_first(
    Endpoints endpoints);

}  // namespace ebb::stratum
