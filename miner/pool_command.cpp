#include "miner/pool_command.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <cstdio>

#include "miner/console.h"
#include "miner/demo_pool.h"
#include "miner/lifetime.h"
#include "miner/summary_file.h"
#include "stratum/node/node_templates.h"
#include "stratum/server/demo_templates.h"
#include "stratum/server/pool_server.h"

namespace ebb::miner {
namespace {

namespace node = stratum::node;
namespace server = stratum::server;

tl::expected<std::unique_ptr<node::TemplateSource>, std::string> make_source(
    boost::asio::io_context& io, const PoolOptions& options) {
  if (options.node.empty()) return server::make_demo_templates(io.get_executor(), {});
  node::NodeConfig config;
  config.url = options.node;
  return node::make_node_templates(io.get_executor(), std::move(config));
}

std::string summary_of(const server::PoolStatistics& statistics) {
  boost::json::object rejected;
  for (const auto& [reason, count] : statistics.rejected) {
    rejected[stratum::name_of(reason)] = count;
  }
  boost::json::array blocks;
  for (const server::PoolBlock& block : statistics.blocks) {
    blocks.push_back({{"height", block.height}, {"hash", block.hash}, {"result", block.result}});
  }
  return boost::json::serialize(boost::json::object{
      {"version", EBB_VERSION},
      {"accepted", statistics.accepted},
      {"accepted_difficulty", statistics.accepted_difficulty},
      {"rejected", std::move(rejected)},
      {"clients", statistics.connections},
      {"jobs", statistics.jobs},
      {"bad_lines", statistics.bad_lines},
      {"blocks_accepted", statistics.blocks_accepted},
      {"blocks", std::move(blocks)},
  });
}

}  // namespace

int run_pool(const PoolOptions& options) {
  Console console;
  auto summary = SummaryFile::open(options.summary);
  if (!summary) {
    console.log().error("--summary: {}", summary.error());
    return 2;
  }
  boost::asio::io_context io{1};
  auto source = make_source(io, options);
  if (!source) {
    console.log().error("--node: {}", source.error());
    return 2;
  }
  server::PoolServerConfig config;
  config.address = options.listen.host;
  config.port = options.listen.port;
  config.payout_script = options.payout_script;
  if (options.difficulty) {
    config.difficulty = *options.difficulty;
  } else {
    config.vardiff.emplace();
  }
  config.on_event = [&](const server::PoolEvent& event) { log_pool_event(event, console.log()); };
  server::PoolServer pool(io.get_executor(), std::move(config), std::move(*source));
  const auto endpoint = pool.start();
  if (!endpoint) {
    console.log().error("--listen: {}", endpoint.error());
    return 1;
  }
  const stratum::HostPort address{endpoint->address, endpoint->port};
  std::printf("listening on %s\n", address.text().c_str());
  std::fflush(stdout);

  Lifetime lifetime(io, options.run_for, [&] { pool.stop(); });
  io.run();
  summary->write(summary_of(pool.statistics()));
  return 0;
}

}  // namespace ebb::miner
