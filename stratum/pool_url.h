#pragma once
// Where a pool or a node is.

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace ebb::stratum {

struct HostPort {
  std::string host;  ///< a name or an address, without brackets
  std::uint16_t port = 0;

  /// host:port; IPv6 addresses in brackets.
  std::string text() const;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

struct PoolUrl {
  enum class Scheme {
    tcp,         ///< stratum+tcp://
    tls,         ///< stratum+tls://, also stratum+ssl:// and stratum+tcps://
    node_http,   ///< http://: a node, for solo mining
    node_https,  ///< https://
  };

  Scheme scheme = Scheme::tcp;
  HostPort at;
  std::string credentials;  ///< a node's user:password, percent-encoded as given; secret

  bool is_node() const { return scheme == Scheme::node_http || scheme == Scheme::node_https; }
  bool is_encrypted() const { return scheme == Scheme::tls || scheme == Scheme::node_https; }

  /// scheme://host:port, without credentials.
  std::string text() const;
};

/// The error is one line for the user that names what is wrong, without credentials.
tl::expected<PoolUrl, std::string> parse_pool_url(std::string_view text);

/// host:port, as in a listen address; port 0 is allowed.
tl::expected<HostPort, std::string> parse_host_port(std::string_view text);

}  // namespace ebb::stratum
