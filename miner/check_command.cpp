#include "miner/check_command.h"

#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "miner/config_file.h"
#include "miner/console.h"
#include "miner/pool_config.h"
#include "miner/source_hub.h"
#include "miner/text_file.h"
#include "miner/wall_clock.h"
#include "throttle/schedule/schedule.h"
#include "throttle/schedule/time_zone.h"

namespace ebb::miner {
namespace {

constexpr std::chrono::days kLookAhead{366};
constexpr std::size_t kPlanned = 5;
constexpr std::size_t kMaxCookie = 4096;  // bytes

void line(std::string_view name, const std::string& value) {
  std::printf("%-10.*s %s\n", static_cast<int>(name.size()), name.data(), value.c_str());
}

std::string in_seconds(std::chrono::seconds time) {
  return std::to_string(time.count()) + " s";
}

std::string planned_text(const throttle::Signal& signal) {
  std::string result = throttle::text(signal.valid_from) + " ";
  result += signal.valid_until ? "to " + throttle::text(*signal.valid_until) : "with open end";
  result += "  " + throttle::text(signal.cap) + " (" + std::string(name(signal.signal_class)) + ")";
  if (!signal.reason.empty()) result += "  " + signal.reason;
  return result;
}

void print_settings(const MineOptions& options) {
  for (const PoolSettings& pool : options.pools)
    line("pool", pool.url.text() + " as " + pool.user);
  if (options.pools.empty()) line("pool", "none (give --url)");
  line("devices", options.devices);
  line("limit", throttle::text(options.limit));
  const throttle::PolicySettings& policy = options.throttle.policy;
  line("return", "after " + in_seconds(policy.debounce) + " without a reason, " +
                     (policy.recover_from_outages
                          ? in_seconds(policy.mains_good) + " of good mains after an outage, "
                          : "at once after an outage, ") +
                     "at random within " + in_seconds(policy.random_return) + ", in " +
                     in_seconds(policy.ramp_up) + " to full");
}

void print_sources(const std::vector<sources::SourceOptions>& all) {
  for (const sources::SourceOptions& source : all) {
    const throttle::SourceRule& rule = source.rule;
    std::string text = "'" + rule.name + "': " + source.type + ", ";
    text += name(rule.signal_class);
    if (rule.feed && rule.signal_class != throttle::SignalClass::economic) {
      text += ", " + throttle::text(rule.fallback) + " after " + in_seconds(rule.stale_after) +
              " of silence";
    }
    if (rule.floor > 0) text += ", never below " + throttle::text(throttle::DutyCap{rule.floor});
    line("source", text);
  }
}

void print_plan(const throttle::Schedule& schedule, throttle::WallTime now) {
  const auto signals = schedule.signals(now, now + kLookAhead, kPlanned);
  for (const throttle::Signal& signal : signals)
    line("planned", planned_text(signal));
  if (signals.empty()) line("planned", "nothing within a year");
}

void print_warnings(const MineOptions& options, const throttle::Now& now) {
  for (const PoolSettings& pool : options.pools) {
    struct stat secret {};
    const auto& file = pool.password_file;
    if (file.empty() || ::stat(file.c_str(), &secret) != 0) continue;
    if ((secret.st_mode & (S_IRGRP | S_IROTH)) == 0) continue;
    line("warning", "others can read the password in " + file.string() + ": chmod 600");
  }
  if (!now.synchronised && !options.throttle.policy.trust_clock) {
    line("warning",
         "nothing synchronises this machine's clock: no window's end is believed until something "
         "does (or trust_clock = true)");
  }
}

}  // namespace

int run_check(const CheckOptions& options) {
  const auto fail = [](const std::string& text) {
    std::fprintf(stderr, "ebb: %s\n", text.c_str());
    return 2;
  };
  auto config = read_config_file(options.config);
  if (!config) return fail(config.error());
  if (const auto opened = open_pools(config->pools, options.config); !opened) {
    return fail(opened.error());
  }
  for (const PoolSettings& pool : config->pools) {
    if (pool.cookie_file.empty()) continue;
    if (const auto cookie = read_file(pool.cookie_file, kMaxCookie); !cookie) {
      return fail(cookie.error());
    }
  }
  const auto schedule =
      throttle::Schedule::read(config->throttle.windows, config->throttle.calendars);
  if (!schedule) return fail(options.config + ": " + schedule.error());
  Console console;
  const auto meters = std::make_shared<SiteMeters>(config->throttle.power.meters);
  const auto sources = SourceHub::open(config->throttle.sources,
                                       source_context(config->throttle, throttle::Start::clean,
                                                      meters, std::make_shared<WebRoutes>()),
                                       console.log());
  if (!sources) return fail(options.config + ": " + sources.error());
  const throttle::Now at = now();
  print_settings(*config);
  print_sources(config->throttle.sources);
  print_plan(*schedule, at.wall);
  print_warnings(*config, at);
  return 0;
}

}  // namespace ebb::miner
