#include "stratum/pool_choice.h"

#include <algorithm>
#include <limits>

namespace ebb::stratum {
namespace {

bool works(const PoolFacts& pool) {
  return pool.job_since.has_value();
}

/// A pool that refuses our shares is as good as none while another has work.
bool is_better(const PoolFacts& a, const PoolFacts& b) {
  return works(a) != works(b) ? works(a) : works(a) && a.resting < b.resting;
}

}  // namespace

PoolChoice PoolChooser::choose(Time now, const Facts& facts) {
  account(facts);
  switch (strategy_.kind) {
    case PoolStrategy::Kind::failover:
      go_to(now, by_priority(now, facts));
      break;
    case PoolStrategy::Kind::quota:
      go_to(now, by_quota(now, facts));
      break;
    case PoolStrategy::Kind::rotate:
      go_to(now, in_turn(now, facts));
      break;
  }
  return {mined_, connections(now, facts)};
}

std::optional<std::size_t> PoolChooser::by_priority(Time now, const Facts& facts) const {
  const auto best = std::min_element(facts.begin(), facts.end(), is_better);  // the first of equals
  if (!works(*best)) return std::nullopt;
  const auto index = static_cast<std::size_t>(best - facts.begin());
  // What is left for a pool that is not better in kind must have proved that it stays.
  if (mined_ && !is_better(*best, facts[*mined_])) {
    for (std::size_t i = 0; i < *mined_; ++i) {
      const bool proven = works(facts[i]) && now - *facts[i].job_since >= strategy_.proven_after;
      if (proven && facts[i].resting == best->resting) return i;
    }
    return mined_;
  }
  return index;
}

bool PoolChooser::stays(Time now, const Facts& facts, std::chrono::milliseconds at_least) const {
  return mined_ && now - mined_since_ < at_least &&
         std::none_of(facts.begin(), facts.end(),
                      [&](const PoolFacts& other) { return is_better(other, facts[*mined_]); }) &&
         works(facts[*mined_]);
}

std::optional<std::size_t> PoolChooser::by_quota(Time now, const Facts& facts) const {
  if (stays(now, facts, strategy_.slice)) return mined_;
  std::optional<std::size_t> next;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (!works(facts[i])) continue;
    if (!next || is_better(facts[i], facts[*next]) ||
        (!is_better(facts[*next], facts[i]) && records_[i].served < records_[*next].served)) {
      next = i;
    }
  }
  return next;
}

std::optional<std::size_t> PoolChooser::in_turn(Time now, const Facts& facts) const {
  if (stays(now, facts, strategy_.rotate_every)) return mined_;
  std::optional<std::size_t> next;
  const std::size_t after = mined_ ? *mined_ + 1 : 0;
  for (std::size_t k = 0; k < facts.size(); ++k) {
    const std::size_t i = (after + k) % facts.size();
    if (works(facts[i]) && (!next || is_better(facts[i], facts[*next]))) next = i;
  }
  return next;
}

/// A pool that comes (back) begins with the least that others were served: what it missed while it
/// was away or rested is not made up for, not even after a time without any pool.
void PoolChooser::account(const Facts& facts) {
  const auto takes_part = [&](std::size_t i) { return works(facts[i]) && !facts[i].resting; };
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < facts.size(); ++i) {
    Record& record = records_[i];
    record.served += static_cast<double>(facts[i].hashes - record.hashes) / facts[i].weight;
    record.hashes = facts[i].hashes;
    if (takes_part(i) && record.took_part) least = std::min(least, record.served);
  }
  if (least < std::numeric_limits<double>::infinity()) least_served_ = least;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    Record& record = records_[i];
    if (takes_part(i) && !record.took_part) record.served = std::max(record.served, least_served_);
    record.took_part = takes_part(i);
  }
}

void PoolChooser::go_to(Time now, std::optional<std::size_t> pool) {
  if (pool) {
    none_since_.reset();
  } else if (!none_since_) {
    none_since_ = now;
    first_tried_ = mined_ ? *mined_ + 1 : 0;
  }
  if (pool == mined_) {
    // A turn that comes back to the only one that works begins anew.
    const bool turn_over = strategy_.kind == PoolStrategy::Kind::rotate &&
                           now - mined_since_ >= strategy_.rotate_every;
    if (turn_over) mined_since_ = now;
    return;
  }
  if (mined_) records_[*mined_].left_at = now;
  if (pool) {
    records_[*pool].left_at.reset();
    mined_since_ = now;
  }
  mined_ = pool;
}

std::vector<bool> PoolChooser::connections(Time now, const Facts& facts) {
  std::vector<bool> connected(facts.size(), strategy_.kind != PoolStrategy::Kind::failover);
  if (strategy_.kind != PoolStrategy::Kind::failover) return connected;
  // Whatever may be better than what is mined; while nothing is, one more each time.
  std::size_t last = 0;
  if (mined_ && facts[*mined_].resting) {
    last = facts.size() - 1;  // all that might be better
  } else if (mined_) {
    last = *mined_;
  } else {
    const auto steps = (now - *none_since_) / strategy_.widen_after;
    last = std::min(facts.size() - 1, first_tried_ + static_cast<std::size_t>(steps));
  }
  for (std::size_t i = 0; i < facts.size(); ++i) {
    Record& record = records_[i];
    const bool lingers =
        record.left_at && now - *record.left_at <
                              (facts[i].owes_verdicts ? strategy_.linger : strategy_.linger_least);
    const bool kept = facts[i].keeps_connected && (mined_ || record.kept);
    connected[i] = i <= last || lingers || kept;
    record.kept = connected[i] && facts[i].keeps_connected;
  }
  return connected;
}

}  // namespace ebb::stratum
