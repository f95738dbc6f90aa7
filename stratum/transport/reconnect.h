#pragma once
// Where client.reconnect may lead.

#include <string>
#include <tl/expected.hpp>

#include "stratum/pool_url.h"
#include "stratum/session.h"

namespace ebb::stratum {

/// True for hosts of one registrable domain (eu.example.org and pool.example.org), for the same
/// address, and for the same name where nobody registers any (localhost). Without this rule,
/// anyone who can write one line to us would have the hashrate.
bool is_same_owner(const std::string& host, const std::string& other);

/// Of one pool: counts how often it sends us on.
class Reconnects {
 public:
  /// In a row; then back to the configured address.
  static constexpr unsigned kMaxHops = 3;

  Reconnects(PoolUrl configured, bool follow)
      : configured_(std::move(configured)), follow_(follow) {}

  /// Where a request leads: the scheme is always the configured one. Not followed, it leads to the
  /// configured address. The error says why it is refused.
  tl::expected<PoolUrl, std::string> next(const ReconnectRequested& request);

  /// A connection has held: a new row begins.
  void proven() { hops_ = 0; }

 private:
  PoolUrl configured_;
  bool follow_;
  unsigned hops_ = 0;
};

}  // namespace ebb::stratum
