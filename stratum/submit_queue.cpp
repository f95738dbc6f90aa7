#include "stratum/submit_queue.h"

#include <algorithm>

namespace ebb::stratum {

SubmitQueue::Push SubmitQueue::push(core::Share share) {
  if (sent_.contains(share.hash.bytes)) return Push::duplicate;
  if (!waiting_.insert(std::move(share)).second) return Push::duplicate;
  if (waiting_.size() <= limits_.waiting) return Push::queued;
  waiting_.erase(std::prev(waiting_.end()));
  return Push::dropped_worst;
}

std::optional<core::Share> SubmitQueue::pop(Clock::time_point now) {
  refill(now);
  if (waiting_.empty() || tokens_ < 1) return std::nullopt;
  tokens_ -= 1;
  core::Share share = std::move(waiting_.extract(waiting_.begin()).value());
  sent_.insert(share.hash.bytes);
  sent_order_.push_back(share.hash.bytes);
  if (sent_order_.size() > limits_.remembered) {
    sent_.erase(sent_order_.front());
    sent_order_.pop_front();
  }
  return share;
}

std::optional<SubmitQueue::Clock::duration> SubmitQueue::next_in(Clock::time_point now) {
  refill(now);
  if (waiting_.empty()) return std::nullopt;
  if (tokens_ >= 1) return Clock::duration::zero();
  const std::chrono::duration<double> wait((1 - tokens_) / limits_.per_second);
  return std::chrono::ceil<std::chrono::milliseconds>(wait);
}

std::size_t SubmitQueue::clear() {
  const std::size_t count = waiting_.size();
  waiting_.clear();
  return count;
}

void SubmitQueue::refill(Clock::time_point now) {
  const std::chrono::duration<double> elapsed = now - last_refill_;
  last_refill_ = now;
  tokens_ =
      std::min(tokens_ + elapsed.count() * limits_.per_second, static_cast<double>(limits_.burst));
}

}  // namespace ebb::stratum
