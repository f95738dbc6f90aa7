#pragma once
// Where a pool is.

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace ebb::stratum {

/// stratum+tcp://host:port; IPv6 addresses in brackets.
struct PoolUrl {
  std::string host;  ///< a name or an address, without brackets
  std::uint16_t port = 0;

  std::string text() const;
};

/// The error is one line for the user, naming what is wrong with `text`.
tl::expected<PoolUrl, std::string> parse_pool_url(std::string_view text);

/// host:port, as in a listen address; port 0 is allowed.
tl::expected<PoolUrl, std::string> parse_host_port(std::string_view text);

}  // namespace ebb::stratum
