#include "miner/upstreams.h"

#include <utility>

#include "stratum/node/node_client.h"
#include "stratum/pool_client.h"

namespace ebb::miner {
namespace {

stratum::node::NodeClientConfig node_config(const PoolSettings& settings, std::uint32_t pool) {
  stratum::node::NodeClientConfig config;
  config.pool = pool;
  config.url = settings.url;
  config.cookie_file = settings.cookie_file;
  config.ca_file = settings.transport.pool.ca_file;
  config.payout = stratum::node::parse_payout_address(settings.user).value();
  return config;
}

stratum::PoolClientConfig pool_config(const PoolSettings& settings, std::uint32_t pool) {
  stratum::PoolClientConfig config;
  config.pool = pool;
  config.url = settings.url;
  config.transport = settings.transport.pool;
  config.user = settings.user;
  config.password = settings.password;
  config.user_agent = "ebb/" EBB_VERSION;
  config.suggest_difficulty = settings.suggest_difficulty;
  config.submit_stale = settings.shares.submit_stale;
  config.payout = settings.shares.payout;
  return config;
}

}  // namespace

std::unique_ptr<stratum::Upstream> make_upstream(boost::asio::io_context& io,
                                                 const PoolSettings& settings, std::uint32_t pool,
                                                 const std::filesystem::path& blocks,
                                                 std::function<void(stratum::PoolEvent)> sink) {
  if (!settings.url.is_node()) {
    return std::make_unique<stratum::PoolClient>(io, pool_config(settings, pool), std::move(sink));
  }
  auto config = node_config(settings, pool);
  config.blocks_folder = blocks;
  return std::make_unique<stratum::node::NodeClient>(io, std::move(config), std::move(sink));
}

}  // namespace ebb::miner
