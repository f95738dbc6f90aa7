#pragma once
// A proxy on the way to a pool.

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "stratum/pool_url.h"

namespace ebb::stratum {

struct Proxy {
  enum class Kind {
    socks5,  ///< RFC 1928, RFC 1929
    http,    ///< CONNECT with Basic authentication
  };

  Kind kind = Kind::socks5;
  HostPort at;
  std::string user;      ///< empty: without authentication
  std::string password;  ///< secret

  /// scheme://host:port, without credentials.
  std::string text() const;
};

/// socks5://[user[:password]@]host:port or http://…, credentials percent-encoded where they must
/// be. socks5h:// is the same as socks5://: names always go to the proxy. The error is one line
/// without credentials.
tl::expected<Proxy, std::string> parse_proxy(std::string_view text);

/// For a password that is kept elsewhere than in the address. The error does not tell it.
tl::expected<Proxy, std::string> with_password(Proxy proxy, std::string password);

}  // namespace ebb::stratum
