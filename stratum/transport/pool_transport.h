#pragma once
// How a pool is reached, beside its address.

#include <filesystem>
#include <optional>
#include <vector>

#include "stratum/transport/pin.h"
#include "stratum/transport/proxy.h"

namespace ebb::stratum {

struct PoolTransport {
  std::filesystem::path ca_file;  ///< PEM; instead of the system's authorities. Empty: these
  std::vector<Pin> pins;          ///< one of them must match, whoever signed the certificate
  std::optional<Proxy> proxy;
  bool follow_reconnect = true;  ///< client.reconnect may name another host or port
};

}  // namespace ebb::stratum
