#include "miner/demo_pool.h"

#include <spdlog/spdlog.h>

#include <stdexcept>

#include "stratum/server/demo_templates.h"

namespace ebb::miner {
namespace {

namespace server = stratum::server;

// About 860,000 hashes a share to begin with, then two shares a second at any speed: something to
// see for a person at once, on a slow machine, too, and no flood.
constexpr double kFirstDifficulty = 2e-4;
constexpr std::chrono::duration<double> kShareInterval{0.5};

server::PoolServerConfig demo_config(spdlog::logger& log) {
  server::PoolServerConfig config;
  config.difficulty = kFirstDifficulty;
  config.vardiff.emplace();
  config.vardiff->target_interval = kShareInterval;
  config.on_event = [&log](const server::PoolEvent& event) { log_pool_event(event, log); };
  return config;
}

}  // namespace

void log_pool_event(const server::PoolEvent& event, spdlog::logger& log) {
  const bool is_warning = event.level == server::PoolEvent::Level::warning;
  const bool is_debug = event.level == server::PoolEvent::Level::debug;
  log.log(is_warning ? spdlog::level::warn
          : is_debug ? spdlog::level::debug
                     : spdlog::level::info,
          "pool server: {}", event.text);
}

DemoPool::DemoPool(boost::asio::io_context& io, spdlog::logger& log)
    : server_(io.get_executor(), demo_config(log),
              server::make_demo_templates(io.get_executor(), {})) {
  const auto endpoint = server_.start();
  if (!endpoint) throw std::runtime_error("the demo pool cannot start: " + endpoint.error());
  url_.at = {endpoint->address, endpoint->port};
}

}  // namespace ebb::miner
