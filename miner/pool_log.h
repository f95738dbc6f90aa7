#pragma once
// What pools tell: lines in the log, and figures.

#include <cstdint>
#include <vector>

#include "miner/pool_settings.h"
#include "miner/statistics.h"
#include "stratum/node/address.h"
#include "stratum/upstream.h"

namespace spdlog {
class logger;
}

namespace ebb::miner {

/// On the io thread. Lines name the pool where there are several.
class PoolLog {
 public:
  PoolLog(const std::vector<PoolSettings>& pools, spdlog::logger& log);

  void tell(std::size_t pool, const stratum::PoolEvent& event);

  /// In the order of the configuration, without states and hashes, which a group knows.
  std::vector<PoolStatistics> statistics() const;

 private:
  struct Record {
    PoolStatistics figures{};
    stratum::node::Network network = stratum::node::Network::mainnet;
    std::uint64_t bad_line_logged = 0;  ///< in this connection
    std::string name{};                 ///< the address, with the user where two have one address
    std::string prefix{};               ///< empty where there is one pool
  };

  void on(Record& pool, const stratum::Connecting& event);
  void on(Record& pool, const stratum::Connected& event);
  void on(Record& pool, const stratum::Disconnected& event);
  void on(Record& pool, const stratum::ShareDropped& event);
  void on(Record& pool, const stratum::PayoutSeen& event);
  void on(Record& pool, const stratum::Remark& event);
  void on(Record& pool, const stratum::Event& event);
  void on(Record& pool, const stratum::Subscribed& event);
  void on(Record& pool, const stratum::Authorised& event);
  void on(Record& pool, const stratum::AuthorisationFailed& event);
  void on(Record& pool, const stratum::JobReceived& event);
  void on(Record& pool, const stratum::DifficultyChanged& event);
  void on(Record& pool, const stratum::VersionRolling& event);
  void on(Record& pool, const stratum::ShareJudged& event);
  void on(Record& pool, const stratum::ReconnectRequested& event);
  void on(Record& pool, const stratum::PoolMessage& event);
  void on(Record& pool, const stratum::LineRejected& event);
  void on(Record&, const stratum::SessionFailed&) {}  // the Disconnected that follows says why

  spdlog::logger& log_;
  std::vector<Record> pools_;
};

}  // namespace ebb::miner
