#include "stratum/node/block_delivery.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace ebb::stratum::node {

BlockDelivery::BlockDelivery(const boost::asio::any_io_executor& executor, BlockStore store,
                             Listener listener, Config config)
    : store_(std::move(store)), listener_(std::move(listener)), config_(config), timer_(executor) {
  last_accepted_ = store_.newest_accepted();
  if (last_accepted_) accepted_on_ = last_accepted_->prev_hash;
}

BlockDelivery::Added BlockDelivery::wants(const core::Hash256& prev_hash) const {
  if (prev_hash == accepted_on_) return Added::outdated;
  const auto is_sibling = [&](const Entry& entry) { return entry.block.prev_hash == prev_hash; };
  const auto siblings = std::count_if(waiting_.begin(), waiting_.end(), is_sibling) +
                        (in_flight_ && is_sibling(*in_flight_));
  return static_cast<std::size_t>(siblings) < kMaxSiblings && unjudged() < BlockStore::kMaxUnjudged
             ? Added::taken
             : Added::enough;
}

BlockDelivery::Added BlockDelivery::add(SolvedBlock block) {
  const Added added = wants(block.prev_hash);
  if (added != Added::taken) return added;
  if (const auto kept = store_.keep(block); !kept) listener_.on_trouble(kept.error());
  waiting_.push_back({std::move(block), {}, {}});
  pump();
  return added;
}

void BlockDelivery::add_kept() {
  BlockStore::Unjudged kept = store_.unjudged();
  for (const std::string& name : kept.damaged)
    listener_.on_trouble((store_.folder() / name).string() + " holds no whole block");
  for (SolvedBlock& block : kept.blocks) {
    const auto is_same = [&](const Entry& entry) { return entry.block.hash == block.hash; };
    if (std::any_of(waiting_.begin(), waiting_.end(), is_same) ||
        (in_flight_ && is_same(*in_flight_)))
      continue;
    waiting_.push_back({std::move(block), {}, {}});
  }
  pump();
}

void BlockDelivery::retry_now() {
  for (Entry& entry : waiting_)
    entry.due = {};
  pump();
}

void BlockDelivery::on_tip(const core::Hash256& prev_hash) {
  if (prev_hash != accepted_on_) return;
  accepted_on_.reset();
  auto forgotten = std::exchange(last_accepted_, std::nullopt);
  if (!forgotten) return;
  listener_.on_trouble("the node has forgotten block " + forgotten->hash.to_display_hex() +
                       ": submitting it again");
  given_again_ = forgotten->hash;
  if (const auto kept = store_.keep(*forgotten); !kept) listener_.on_trouble(kept.error());
  waiting_.push_front({*std::move(forgotten), {}, {}});
  pump();
}

void BlockDelivery::stop() {
  stopped_ = true;
  timer_.cancel();
}

void BlockDelivery::pump() {
  if (in_flight_ || stopped_ || waiting_.empty()) return;
  const auto next = std::min_element(waiting_.begin(), waiting_.end(),
                                     [](const Entry& a, const Entry& b) { return a.due < b.due; });
  if (next->due > Clock::now()) {
    timer_.expires_at(next->due);
    timer_.async_wait([this, life = std::weak_ptr(life_)](boost::system::error_code error) {
      if (!error && !life.expired()) pump();
    });
    return;
  }
  in_flight_ = std::move(*next);
  waiting_.erase(next);
  listener_.submit(in_flight_->block.bytes,
                   [this](BlockVerdict verdict) { on_verdict(std::move(verdict)); });
}

void BlockDelivery::on_verdict(BlockVerdict verdict) {
  using Kind = BlockVerdict::Kind;
  Entry entry = *std::exchange(in_flight_, std::nullopt);
  const auto now = Clock::now();
  if (verdict.kind == Kind::unanswered) {
    if (stopped_) return;  // the next start tries again
    std::uniform_real_distribution<double> uniform(0, 1);
    const auto due = now + backoff_.next(uniform(random_));
    if (!std::exchange(told_unanswered_, true)) {
      listener_.on_trouble("block " + entry.block.hash.to_display_hex() +
                           " is not judged yet: " + verdict.text + "; trying again");
    }
    entry.due = due;
    for (Entry& other : waiting_)
      other.due = std::max(other.due, due);
    waiting_.push_back(std::move(entry));  // the others have their turn
    pump();
    return;
  }
  backoff_.succeeded();
  told_unanswered_ = false;
  if (verdict.kind == Kind::unsettled) {
    if (!entry.unsettled_since) {
      listener_.on_trouble("block " + entry.block.hash.to_display_hex() +
                           " cannot be judged yet: " + verdict.text + "; trying again");
    }
    const auto since = entry.unsettled_since.value_or(now);
    if (now - since < config_.unsettled_patience) {
      entry.unsettled_since = since;
      entry.due = now + config_.unsettled_retry;
      waiting_.push_back(std::move(entry));
      pump();
      return;
    }
    verdict.kind = Kind::refused;
  }
  std::vector<SolvedBlock> siblings;
  // Given again, and still the node builds on its parent: then work on that is not in vain.
  const bool leads = verdict.kind == Kind::accepted && entry.block.hash != given_again_;
  if (leads) {
    accepted_on_ = entry.block.prev_hash;
    const auto rest = std::stable_partition(
        waiting_.begin(), waiting_.end(),
        [&](const Entry& other) { return other.block.prev_hash != accepted_on_; });
    for (auto it = rest; it != waiting_.end(); ++it)
      siblings.push_back(std::move(it->block));
    waiting_.erase(rest, waiting_.end());
  }
  judge(entry.block, verdict);
  for (const SolvedBlock& sibling : siblings) {
    store_.forget(sibling);
    listener_.on_outdated(sibling);
  }
  if (leads) last_accepted_ = std::move(entry.block);
  pump();
}

void BlockDelivery::judge(const SolvedBlock& block, const BlockVerdict& verdict) {
  store_.judged(block, verdict.kind == BlockVerdict::Kind::accepted);
  listener_.on_judged(block, verdict);
}

}  // namespace ebb::stratum::node
