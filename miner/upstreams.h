#pragma once
// The client for a pool or a node, as it is configured.

#include <filesystem>
#include <functional>
#include <memory>

#include "miner/pool_settings.h"
#include "stratum/upstream.h"

namespace boost::asio {
class io_context;
}

namespace ebb::miner {

/// `pool` is stamped on jobs. `blocks`: where found blocks wait until a node has judged them.
std::unique_ptr<stratum::Upstream> make_upstream(boost::asio::io_context& io,
                                                 const PoolSettings& settings, std::uint32_t pool,
                                                 const std::filesystem::path& blocks,
                                                 std::function<void(stratum::PoolEvent)> sink);

}  // namespace ebb::miner
