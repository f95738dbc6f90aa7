#include "stratum/node/block_queue.h"

namespace ebb::stratum::node {

bool BlockQueue::wants(const core::Hash256& prev_hash) const {
  return prev_hash != accepted_on_ && waiting_.size() < kMaxWaiting;
}

void BlockQueue::add(SolvedBlock block) {
  if (!wants(block.prev_hash)) return;
  waiting_.push_back(std::move(block));
  if (!in_flight_) submit_next();
}

void BlockQueue::submit_next() {
  in_flight_.reset();
  while (!in_flight_ && !waiting_.empty()) {
    if (waiting_.front().prev_hash != accepted_on_) in_flight_ = std::move(waiting_.front());
    waiting_.pop_front();
  }
  if (!in_flight_) return;
  source_.submit_block(*in_flight_, [this](const BlockResult& result) {
    if (result.accepted) accepted_on_ = in_flight_->prev_hash;
    on_result_(*in_flight_, result);
    submit_next();
  });
}

}  // namespace ebb::stratum::node
