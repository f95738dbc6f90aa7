#pragma once
// How a pool is reached, as its table says: ca_file, pin, proxy, proxy_password_file or
// proxy_password_env, follow_reconnect.

#include <filesystem>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "sources/secret.h"
#include "stratum/pool_url.h"
#include "stratum/transport/pool_transport.h"

namespace ebb::throttle {
class TableReader;
}

namespace ebb::miner {

struct TransportOptions {
  stratum::PoolTransport pool;
  sources::SecretPlace proxy_password;
};

/// Faults go to the table. Reads no file; `url` is the pool's, where there is one.
TransportOptions read_transport(throttle::TableReader& table, const std::filesystem::path& folder,
                                const std::optional<stratum::PoolUrl>& url);

/// With the proxy's password, and a CA file that can be used. The error is one line, without
/// secrets.
tl::expected<stratum::PoolTransport, std::string> open_transport(TransportOptions options);

}  // namespace ebb::miner
