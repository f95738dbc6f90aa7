#include "miner/pool_log.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "core/printable.h"
#include "miner/console.h"
#include "miner/payout_text.h"
#include "miner/share_ledger.h"

namespace ebb::miner {

PoolLog::PoolLog(const std::vector<PoolSettings>& pools, spdlog::logger& log) : log_(log) {
  for (const PoolSettings& pool : pools) {
    Record& record = pools_.emplace_back();
    record.figures.address = pool.url.text();
    record.network = network_of_user(pool.user);
    record.name = record.figures.address;
    const bool alone = std::count_if(pools.begin(), pools.end(), [&](const PoolSettings& other) {
                         return other.url.text() == record.name;
                       }) == 1;
    if (!alone) record.name += " (" + core::printable(pool.user) + ")";
    if (pools.size() > 1) record.prefix = "pool " + record.name + ": ";
  }
}

void PoolLog::tell(std::size_t pool, const stratum::PoolEvent& event) {
  std::visit([&](const auto& e) { on(pools_[pool], e); }, event);
}

std::vector<PoolStatistics> PoolLog::statistics() const {
  std::vector<PoolStatistics> all;
  for (const Record& pool : pools_)
    all.push_back(pool.figures);
  return all;
}

void PoolLog::on(Record&, const stratum::Connecting& event) {
  log_.info("connecting to {}", event.address);
}

void PoolLog::on(Record& pool, const stratum::Connected& event) {
  log_.info("{}connected to {}", pool.prefix, event.address);
  ++pool.figures.connections;
}

void PoolLog::on(Record& pool, const stratum::Disconnected& event) {
  log_.warn("pool {}: {}; trying again in {:.1f} s", pool.name, event.why,
            std::chrono::duration<double>(event.retry_in).count());
}

void PoolLog::on(Record& pool, const stratum::ShareDropped& event) {
  count(pool.figures.shares, event.why);
}

void PoolLog::on(Record& pool, const stratum::PayoutSeen& event) {
  pool.figures.payout = payout_text(event, pool.network);
  if (event.meets_rule) {
    log_.info("{}the coinbase pays {}", pool.prefix, pool.figures.payout);
  } else {
    log_.warn("{}the coinbase does not pay whom it must, but {}", pool.prefix, pool.figures.payout);
  }
}

void PoolLog::on(Record& pool, const stratum::Remark& event) {
  log_.log(event.is_warning ? spdlog::level::warn : spdlog::level::info, "pool {}: {}", pool.name,
           event.text);
}

void PoolLog::on(Record& pool, const stratum::Event& event) {
  std::visit([&](const auto& e) { on(pool, e); }, event);
}

void PoolLog::on(Record& pool, const stratum::Subscribed& event) {
  log_.info("{}subscribed: extranonce1 of {} bytes, extranonce2 of {}", pool.prefix,
            event.extranonce1_bytes, event.extranonce2_bytes);
}

void PoolLog::on(Record& pool, const stratum::Authorised&) {
  log_.info("{}authorised", pool.prefix);
}

void PoolLog::on(Record& pool, const stratum::AuthorisationFailed& event) {
  log_.error("{}the pool refused the user: {}", pool.prefix, event.text);
}

void PoolLog::on(Record& pool, const stratum::JobReceived&) {
  ++pool.figures.jobs;
}

void PoolLog::on(Record& pool, const stratum::DifficultyChanged& event) {
  pool.figures.difficulty = event.difficulty;
  log_.info("{}share difficulty {}", pool.prefix, format_difficulty(event.difficulty));
}

void PoolLog::on(Record& pool, const stratum::VersionRolling& event) {
  if (event.mask == 0) {
    log_.info("{}version rolling is off", pool.prefix);
  } else {
    log_.info("{}version rolling with mask {:08x}", pool.prefix, event.mask);
  }
}

void PoolLog::on(Record& pool, const stratum::ShareJudged& event) {
  count(pool.figures.shares, event);
  if (event.accepted) return;
  log_.warn("{}share rejected, {}: {}", pool.prefix, stratum::name_of(event.reason),
            event.text.empty() ? "no reason given" : event.text);
}

void PoolLog::on(Record& pool, const stratum::ReconnectRequested& event) {
  log_.info("{}the pool asks to reconnect{}{}", pool.prefix, event.host.empty() ? "" : " to ",
            core::printable(event.host));
}

void PoolLog::on(Record& pool, const stratum::PoolMessage& event) {
  log_.warn("{}message from the pool: {}", pool.prefix, event.text);
}

void PoolLog::on(Record& pool, const stratum::LineRejected& event) {
  PoolStatistics& figures = pool.figures;
  ++figures.bad_lines;
  // Once a connection is enough: a broken pool can send a thousand a second.
  if (std::exchange(pool.bad_line_logged, figures.connections) == figures.connections) return;
  log_.warn("{}unusable line from the pool: {}", pool.prefix, event.what);
}

}  // namespace ebb::miner
