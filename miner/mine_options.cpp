#include <algorithm>
#include <memory>
#include <vector>

#include "miner/config_file.h"
#include "miner/flags.h"
#include "miner/option_values.h"
#include "miner/pool_config.h"
#include "stratum/node/address.h"

namespace ebb::miner {
namespace {

struct Texts {
  std::vector<std::string> urls, users, passwords;
  std::string cookie_file, strategy, devices, backend, max_duty, max_hashrate, max_power,
      max_temperature, card_power_limit, card_clock, suggest, run_for, summary, share_log, config,
      state, ramp_up, random_return;
  ThreadTexts threads;
  bool demo = false, retune = false, trust_clock = false;
};

/// What holds where the command line says nothing.
MineOptions read_defaults(const Texts& texts) {
  if (!texts.config.empty()) {
    return value_or_usage_error("--config", read_config_file(texts.config));
  }
  MineOptions options;
  // Recovery from outages asks for 300 s of good mains before any start: a site's, not a trial's.
  options.throttle.policy.recover_from_outages = false;
  return options;
}

/// The n-th, or the last where there are fewer.
const std::string& nth(const std::vector<std::string>& values, std::size_t n) {
  return values[std::min(n, values.size() - 1)];
}

PoolSettings read_pool(const Texts& texts, std::size_t n) {
  PoolSettings pool;
  pool.url = value_or_usage_error("--url", stratum::parse_pool_url(texts.urls[n]));
  if (texts.users.empty()) throw UsageError{"--user: the pool needs a user name"};
  pool.user = value_or_usage_error("--user", check_credential(nth(texts.users, n)));
  if (!texts.passwords.empty()) {
    pool.password = value_or_usage_error("--pass", check_credential(nth(texts.passwords, n)));
  }
  if (pool.url.is_node()) {
    value_or_usage_error("--user", stratum::node::parse_payout_address(pool.user));
    if (pool.url.credentials.empty()) pool.cookie_file = texts.cookie_file;
  }
  return pool;
}

bool any_stratum(const MineOptions& options) {
  return std::any_of(options.pools.begin(), options.pools.end(),
                     [](const PoolSettings& pool) { return !pool.url.is_node(); });
}

void read_pools_given(const Texts& texts, MineOptions& options) {
  const std::size_t count = texts.urls.size();
  if (count == 0 && !texts.users.empty()) throw UsageError{"--user: belongs to a --url"};
  if (count == 0 && !texts.passwords.empty()) throw UsageError{"--pass: belongs to a --url"};
  if (count == 0 && !texts.cookie_file.empty()) {
    throw UsageError{"--cookie-file: belongs to a --url"};
  }
  if (count == 0) return;
  if (count > kMaxPools) {
    throw UsageError{"--url: there are more than " + std::to_string(kMaxPools)};
  }
  if (texts.users.size() > count) throw UsageError{"--user: there are more than of --url"};
  if (texts.passwords.size() > count) throw UsageError{"--pass: there are more than of --url"};
  options.pools.clear();
  options.strategy = {};
  for (std::size_t n = 0; n < count; ++n)
    options.pools.push_back(read_pool(texts, n));
  const auto any = [&](auto is) {
    return std::any_of(options.pools.begin(), options.pools.end(), is);
  };
  if (!texts.cookie_file.empty() &&
      !any([](const PoolSettings& pool) { return !pool.cookie_file.empty(); })) {
    throw UsageError{
        "--cookie-file: only a node has one, whose --url is without a user and password"};
  }
  if (std::count_if(options.pools.begin(), options.pools.end(),
                    [](const PoolSettings& pool) { return !pool.cookie_file.empty(); }) > 1) {
    throw UsageError{"--cookie-file: would go to several nodes; name each one's in the file"};
  }
  if (!texts.passwords.empty() && !any_stratum(options)) {
    throw UsageError{"--pass: a node's is in its --url, or in --cookie-file"};
  }
}

void read_pools(const Texts& texts, MineOptions& options) {
  if (texts.demo) {
    if (!texts.urls.empty() || !texts.users.empty() || !texts.passwords.empty() ||
        !texts.cookie_file.empty()) {
      throw UsageError{
          "--demo: brings its own pool and user; leave out --url, --user, --pass, --cookie-file"};
    }
    options.pools.clear();
    return;
  }
  read_pools_given(texts, options);
  if (texts.urls.empty()) {
    if (const auto opened = open_pools(options.pools, texts.config); !opened) {
      throw UsageError{"--config: " + opened.error()};
    }
  }
  if (options.pools.empty()) {
    throw UsageError{"--url: name a pool, or give --demo for a trial run"};
  }
}

void read_pool_wishes(const Texts& texts, MineOptions& options) {
  if (!texts.strategy.empty()) {
    options.strategy.kind = value_or_usage_error("--strategy", parse_strategy(texts.strategy));
  }
  if (texts.suggest.empty()) return;
  const double difficulty =
      value_or_usage_error("--suggest-difficulty", parse_difficulty(texts.suggest));
  if (texts.demo) throw UsageError{"--suggest-difficulty: the demo's pool sets its own"};
  if (!any_stratum(options)) throw UsageError{"--suggest-difficulty: a node has none"};
  for (PoolSettings& pool : options.pools) {
    if (!pool.url.is_node()) pool.suggest_difficulty = difficulty;
  }
}

void read_limit(const Texts& texts, throttle::Limit& limit) {
  if (!texts.max_duty.empty()) {
    limit.fraction =
        value_or_usage_error("--max-duty", throttle::parse_duty(texts.max_duty)).fraction;
  }
  if (!texts.max_hashrate.empty()) {
    limit.hps =
        value_or_usage_error("--max-hashrate", throttle::parse_hashrate(texts.max_hashrate)).hps;
  }
  if (!texts.max_power.empty()) {
    limit.watts = value_or_usage_error("--max-power", throttle::parse_power(texts.max_power)).watts;
  }
}

void read_cards(const Texts& texts, CardOptions& cards) {
  if (texts.max_temperature == "off") {
    cards.max_celsius.reset();
  } else if (!texts.max_temperature.empty()) {
    cards.max_celsius =
        value_or_usage_error("--max-temperature", parse_celsius(texts.max_temperature));
  }
  if (!texts.card_power_limit.empty()) {
    cards.limits.power_w =
        value_or_usage_error("--card-power-limit", parse_card_watts(texts.card_power_limit));
  }
  if (!texts.card_clock.empty()) {
    cards.limits.clock_mhz =
        value_or_usage_error("--card-clock", parse_megahertz(texts.card_clock));
  }
}

void read_throttle(const Texts& texts, ThrottleOptions& options) {
  options.state_folder = read_state_folder(texts.state);
  throttle::PolicySettings& policy = options.policy;
  if (texts.trust_clock) policy.trust_clock = true;
  if (!texts.ramp_up.empty()) {
    policy.ramp_up = value_or_usage_error("--ramp-up", parse_wait_seconds(texts.ramp_up));
  }
  if (!texts.random_return.empty()) {
    policy.random_return =
        value_or_usage_error("--random-return", parse_wait_seconds(texts.random_return));
  }
}

MineOptions read_mine(const Texts& texts) {
  MineOptions options = read_defaults(texts);
  read_pools(texts, options);
  read_pool_wishes(texts, options);
  if (!texts.devices.empty()) options.devices = read_devices(texts.devices);
  options.retune = texts.retune;
  if (!texts.backend.empty()) options.backend = read_backend(texts.backend);
  read_limit(texts, options.limit);
  read_cards(texts, options.cards);
  read_threads(texts.threads, options.threads);
  read_throttle(texts, options.throttle);
  if (!texts.run_for.empty()) {
    options.run_for = value_or_usage_error("--for", parse_duration(texts.run_for));
  }
  options.summary = texts.summary;
  if (!texts.share_log.empty()) options.share_log = texts.share_log;
  return options;
}

}  // namespace

CommandFlags mine_flags(CLI::App& app) {
  const auto texts = std::make_shared<Texts>();
  CLI::App* mine = app.add_subcommand("mine", "Mine for a pool");
  const auto add_many = [mine](const char* flags, std::vector<std::string>& values,
                               const char* help) {
    mine->add_option(flags, values, help)->allow_extra_args(false);
  };
  add_many("-o,--url", texts->urls,
           "Pool: stratum+tcp://host:port; or a node: http://user:password@host:port; again for "
           "another one");
  add_many(
      "-u,--user", texts->users,
      "User name at the pool; at a node: the address to be paid; the last counts for the rest");
  add_many("-p,--pass", texts->passwords, "Password at the pool; the last counts for the rest");
  mine->add_option("--strategy", texts->strategy,
                   "Of several pools: failover (default), quota, rotate");
  mine->add_option("--cookie-file", texts->cookie_file,
                   "A node's .cookie, instead of user and password in its URL");
  mine->add_flag("--demo", texts->demo, "Mine for an embedded pool on the loopback interface");
  mine->add_option("--config", texts->config,
                   "Read settings from this file; flags win over what it says");
  mine->add_option("--devices", texts->devices, "auto, or any of cpu,cuda,cuda:N");
  mine->add_flag("--retune", texts->retune, "Measure anew how CUDA cards scan fastest");
  add_thread_flags(*mine, texts->threads);
  mine->add_option("--backend", texts->backend, "Force a CPU kernel: " + backend_names());
  mine->add_option("--max-hashrate", texts->max_hashrate, "Cap in hashes per second: 20M; 0 parks");
  mine->add_option("--max-duty", texts->max_duty, "Cap in percent of full power: 40%; 0 parks");
  mine->add_option(
      "--max-power", texts->max_power,
      "Cap in watts of the best meter at hand: 250W; the least of several caps counts");
  mine->add_option("--max-temperature", texts->max_temperature,
                   "Rest a GPU at this many °C until it is 10 °C cooler: 85C, off (default: 90C)");
  mine->add_option(
      "--card-power-limit", texts->card_power_limit,
      "Set the driver's limit of every GPU in use: 250W; needs root, put back at exit");
  mine->add_option("--card-clock", texts->card_clock,
                   "Lock the clock of every GPU in use: 1200MHz; needs root, set free at exit");
  mine->add_option("--ramp-up", texts->ramp_up, "From zero to full in so long: 10m (default), 0s");
  mine->add_option("--random-return", texts->random_return,
                   "Wait at most so long after an event, drawn at random: 10m (default), 0s");
  mine->add_flag("--trust-clock", texts->trust_clock, "Believe a clock that nothing synchronises");
  add_state_flag(*mine, texts->state);
  mine->add_option("--suggest-difficulty", texts->suggest, "Ask the pool for this difficulty");
  mine->add_option("--for", texts->run_for, "Stop after this long: 500ms, 20s, 5m, 1h");
  mine->add_option("--share-log", texts->share_log,
                   "Append what became of each share, a line of JSON each, to this file");
  mine->add_option("--summary", texts->summary, "Write one JSON object at exit; - for stdout");
  return {mine, [texts] { return read_mine(*texts); }};
}

}  // namespace ebb::miner
