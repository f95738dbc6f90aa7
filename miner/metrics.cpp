#include "miner/metrics.h"

#include <fmt/format.h>

#include <array>

namespace ebb::miner {
namespace {

/// In a label's quotes.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n') {
      result += "\\n";
    } else {
      result += c;
    }
  }
  return result;
}

class Page {
 public:
  void family(std::string_view name, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name, help);
  }
  void value(double value, std::string_view labels = {}) {
    if (labels.empty()) {
      text_ += fmt::format("{} {}\n", name_, value);
    } else {
      text_ += fmt::format("{}{{{}}} {}\n", name_, labels, value);
    }
  }
  std::string take() { return std::move(text_); }

 private:
  std::string_view name_;
  std::string text_;
};

std::string labels_of(const SourceStatus& source) {
  return fmt::format("source=\"{}\",type=\"{}\",class=\"{}\"", escaped(source.rule.name),
                     escaped(source.type), throttle::name(source.rule.signal_class));
}

void add_pools(Page& page, const std::vector<PoolStatistics>& pools) {
  if (pools.empty()) return;
  // Two accounts at one pool have one address.
  const auto labels = [&](std::size_t index) {
    return fmt::format("pool=\"{}\",number=\"{}\"", escaped(pools[index].address), index + 1);
  };
  const auto all = [&](std::string_view name, std::string_view help, auto value) {
    page.family(name, help);
    for (std::size_t i = 0; i < pools.size(); ++i)
      page.value(static_cast<double>(value(pools[i])), labels(i));
  };
  all("ebb_pool_mined", "1 for the pool that is mined now.", [](const PoolStatistics& pool) {
    return pool.now == stratum::MemberState::Now::mined ? 1 : 0;
  });
  all("ebb_pool_connected", "1 while there is a connection.",
      [](const PoolStatistics& pool) { return pool.connected() ? 1 : 0; });
  all("ebb_pool_hashes", "Hashes done for the pool.",
      [](const PoolStatistics& pool) { return pool.hashes; });
  all("ebb_pool_shares_accepted", "Shares that the pool took.",
      [](const PoolStatistics& pool) { return pool.shares.accepted; });
  all("ebb_pool_shares_rejected", "Shares that the pool refused.",
      [](const PoolStatistics& pool) { return pool.shares.rejected_total(); });
  all("ebb_pool_shares_stale", "Shares not sent, for their job was void.",
      [](const PoolStatistics& pool) { return pool.shares.stale; });
  all("ebb_pool_difficulty", "Difficulty of the pool's shares; 0 before it has set one.",
      [](const PoolStatistics& pool) { return pool.difficulty; });
  all("ebb_pool_latency_seconds", "Median time that the pool takes for a verdict.",
      [](const PoolStatistics& pool) {
        return std::chrono::duration<double>(pool.shares.latency.quantile(0.5)).count();
      });
}

}  // namespace

std::string metrics_text(const throttle::Decision& decision, const Observation& seen,
                         const std::vector<SourceStatus>& sources) {
  Page page;
  page.family("ebb_hashrate_hashes_per_second", "Hashes per second over the last second.");
  page.value(seen.hps);
  page.family("ebb_limit_ratio", "Share of full work that is allowed now.");
  page.value(seen.fraction);
  page.family("ebb_throttle_state", "1 for the state that the throttle is in.");
  using throttle::State;
  for (const State state : {State::full, State::limited, State::shedding, State::parked,
                            State::released, State::holdoff, State::ramping, State::fault}) {
    page.value(state == decision.state ? 1 : 0, fmt::format("state=\"{}\"", throttle::name(state)));
  }
  if (seen.power) {
    page.family("ebb_power_watts", "Power drawn, by the best meter at hand.");
    page.value(seen.power->watts,
               fmt::format("meter=\"{}\",estimated=\"{}\"", escaped(seen.power->meter),
                           seen.power->estimated ? "yes" : "no"));
  }
  add_pools(page, seen.pools);
  if (sources.empty()) return page.take();
  page.family("ebb_source_fresh", "1 while the source has been heard within its stale time.");
  for (const SourceStatus& source : sources)
    page.value(source.fresh ? 1 : 0, labels_of(source));
  page.family("ebb_source_connected", "1 while there is a connection, which is not word from it.");
  for (const SourceStatus& source : sources)
    page.value(source.health.connected ? 1 : 0, labels_of(source));
  page.family("ebb_source_troubled", "1 while something is wrong with the source.");
  for (const SourceStatus& source : sources)
    page.value(source.health.trouble.empty() ? 0 : 1, labels_of(source));
  page.family("ebb_source_silent_seconds", "Since it was last heard; absent before.");
  for (const SourceStatus& source : sources) {
    if (source.silent_for) {
      page.value(static_cast<double>(source.silent_for->count()), labels_of(source));
    }
  }
  page.family("ebb_source_limit_ratio", "Share of full work that the source alone allows.");
  for (const SourceStatus& source : sources)
    page.value(source.says.fraction_of(seen.plant), labels_of(source));
  return page.take();
}

}  // namespace ebb::miner
