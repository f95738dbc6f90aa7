#include "miner/pool_config.h"

#include <toml++/toml.h>
#include <utility>

#include "miner/option_values.h"
#include "miner/text_file.h"
#include "stratum/node/address.h"
#include "throttle/schedule/table_reader.h"

namespace ebb::miner {
namespace {

using stratum::PoolStrategy;
using throttle::TableReader;

constexpr std::size_t kMaxSecret = 4096;  // bytes
constexpr double kMaxWeight = 1e6;

void read_password(TableReader& table, const std::filesystem::path& config, PoolSettings& pool) {
  if (auto password = table.parsed("password", check_credential)) {
    pool.password = *std::move(password);
    pool.password_file = config;
  }
  auto file = table.file("password_file", config.parent_path());
  if (!file) return;
  if (!pool.password_file.empty()) table.fail("password_file", "there is a password already");
  pool.password_file = *std::move(file);
}

/// What only one of the two kinds has.
void refuse_keys_of_the_other_kind(TableReader& table, const PoolSettings& pool) {
  if (!pool.url.is_node()) {
    if (table.node("cookie_file") != nullptr) table.fail("cookie_file", "only a node has one");
    return;
  }
  for (const char* const key :
       {"password", "password_file", "pin", "proxy", "proxy_password_file", "proxy_password_env",
        "follow_reconnect", "submit_stale", "payout_address", "payout_share", "payout_missing",
        "suggest_difficulty"}) {
    if (table.node(key) != nullptr) table.fail(key, "a node has none, only a pool");
  }
  if (!pool.cookie_file.empty() && !pool.url.credentials.empty()) {
    table.fail("cookie_file", "the url has a user and password already");
  }
}

tl::expected<void, std::string> open_pool(PoolSettings& pool, const std::filesystem::path& config) {
  auto transport = open_transport(pool.transport);
  if (!transport) return tl::unexpected(transport.error());
  pool.transport.pool = *std::move(transport);
  if (pool.password_file.empty() || pool.password_file == config) return {};
  auto secret = read_file(pool.password_file, kMaxSecret);
  if (!secret) return tl::unexpected(secret.error());
  if (secret->ends_with('\n')) secret->pop_back();
  if (secret->ends_with('\r')) secret->pop_back();
  auto password = check_credential(*secret);
  if (!password) {
    return tl::unexpected(pool.password_file.string() + ": the password " + password.error());
  }
  pool.password = *std::move(password);
  return {};
}

}  // namespace

tl::expected<PoolStrategy::Kind, std::string> parse_strategy(std::string_view text) {
  if (text == "failover") return PoolStrategy::Kind::failover;
  if (text == "quota") return PoolStrategy::Kind::quota;
  if (text == "rotate") return PoolStrategy::Kind::rotate;
  return tl::unexpected(quote(text) + " is none of failover, quota, rotate");
}

PoolStrategy read_strategy(TableReader& table) {
  PoolStrategy strategy;
  strategy.kind = table.parsed("strategy", parse_strategy).value_or(strategy.kind);
  const auto every = table.parsed("rotate_every", parse_duration);
  if (every) strategy.rotate_every = *every;
  if (table.node("rotate_every") != nullptr && strategy.kind != PoolStrategy::Kind::rotate) {
    table.fail("rotate_every", "is of strategy = \"rotate\" alone");
  }
  return strategy;
}

PoolSettings read_pool(TableReader& table, const std::filesystem::path& config,
                       PoolStrategy::Kind strategy) {
  PoolSettings pool;
  const auto url = table.parsed("url", stratum::parse_pool_url);
  if (table.node("url") == nullptr) table.fail("url", "is missing");
  if (url) pool.url = *url;
  pool.user = table.parsed("user", check_credential).value_or("");
  if (pool.user.empty()) table.fail("user", "is missing");
  if (pool.url.is_node()) table.parsed("user", stratum::node::parse_payout_address);
  read_password(table, config, pool);
  pool.cookie_file = table.file("cookie_file", config.parent_path()).value_or("");
  pool.weight = table.number("weight", 1e-6, kMaxWeight).value_or(1);
  if (table.node("weight") != nullptr && strategy != PoolStrategy::Kind::quota) {
    table.fail("weight", "is of strategy = \"quota\" alone, in [pools]");
  }
  pool.shares = read_share_options(table);
  pool.transport = read_transport(table, config.parent_path(), url);
  pool.suggest_difficulty = table.number("suggest_difficulty", 1e-12, 1e18);
  refuse_keys_of_the_other_kind(table, pool);
  return pool;
}

tl::expected<void, std::string> open_pools(std::vector<PoolSettings>& pools,
                                           const std::filesystem::path& config) {
  for (PoolSettings& pool : pools) {
    if (auto opened = open_pool(pool, config); !opened) return opened;
  }
  return {};
}

}  // namespace ebb::miner
