#include "stratum/submit_queue.h"

#include <algorithm>

namespace ebb::stratum {

std::optional<SubmitQueue::Dropped> SubmitQueue::push(core::Share share) {
  if (sent_.contains(share.hash.bytes) || waiting_.contains(share)) {
    return Dropped{Dropped::Why::duplicate, std::move(share)};
  }
  waiting_.insert(std::move(share));
  if (waiting_.size() <= limits_.waiting) return std::nullopt;
  return Dropped{Dropped::Why::worst,
                 std::move(waiting_.extract(std::prev(waiting_.end())).value())};
}

bool SubmitQueue::take_turn(Clock::time_point now) {
  refill(now);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

std::optional<core::Share> SubmitQueue::pop(Clock::time_point now) {
  if (waiting_.empty() || !take_turn(now)) return std::nullopt;
  core::Share share = std::move(waiting_.extract(waiting_.begin()).value());
  sent_.insert(share.hash.bytes);
  sent_order_.push_back(share.hash.bytes);
  if (sent_order_.size() > limits_.remembered) {
    sent_.erase(sent_order_.front());
    sent_order_.pop_front();
  }
  return share;
}

std::vector<core::Share> SubmitQueue::clear() {
  std::vector<core::Share> shares;
  while (!waiting_.empty())
    shares.push_back(std::move(waiting_.extract(waiting_.begin()).value()));
  return shares;
}

void SubmitQueue::refill(Clock::time_point now) {
  const std::chrono::duration<double> elapsed = now - last_refill_;
  last_refill_ = now;
  tokens_ =
      std::min(tokens_ + elapsed.count() * limits_.per_second, static_cast<double>(limits_.burst));
}

}  // namespace ebb::stratum
