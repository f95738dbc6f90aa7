#include "stratum/share_path.h"

#include <algorithm>

namespace ebb::stratum {
namespace {

using Why = ShareDropped::Why;

}  // namespace

std::string_view name_of(ShareDropped::Why why) {
  switch (why) {
    case Why::stale:
      return "stale";
    case Why::duplicate:
      return "duplicate";
    case Why::withheld:
      return "withheld";
    case Why::rate_limited:
      return "rate-limited";
    case Why::unanswered:
      return "unanswered";
  }
  return "unanswered";
}

void SharePath::push(core::Share share) {
  auto dropped = queue_.push(std::move(share));
  if (!dropped) return;
  const bool worst = dropped->why == SubmitQueue::Dropped::Why::worst;
  drop_({worst ? Why::rate_limited : Why::duplicate, std::move(dropped->share)});
}

void SharePath::pump(Session& session, Clock::time_point now) {
  if (!session.takes_shares()) return;
  for (;;) {
    const bool again =
        !again_.empty() && (queue_.empty() || core::is_better(again_.back().share, queue_.best()));
    if (!again && queue_.empty()) return;
    // What waits is kept by its worth, what is taken out is not.
    if (!session.has_room(again ? again_.back().share : queue_.best())) return;
    if (again) {
      if (!queue_.take_turn(now)) return;
      Unanswered it = std::move(again_.back());
      again_.pop_back();
      send_again(session, std::move(it), now);
    } else {
      auto share = queue_.pop(now);
      if (!share) return;
      send(session, *std::move(share), now);
    }
  }
}

void SharePath::send(Session& session, core::Share share, Clock::time_point now) {
  switch (session.submit(share, now)) {
    case SubmitResult::sent:
      break;
    case SubmitResult::stale:
      return drop_({Why::stale, std::move(share)});
    case SubmitResult::not_ready:
      return drop_({Why::rate_limited, std::move(share)});
    case SubmitResult::withheld:
      return drop_({Why::withheld, std::move(share)});
  }
}

void SharePath::send_again(Session& session, Unanswered it, Clock::time_point now) {
  const bool sent =
      it.sends < kMostSends && session.submit(it.share, now, it.sends) == SubmitResult::sent;
  if (!sent) drop_({Why::unanswered, std::move(it.share)});
}

std::optional<Resumption> SharePath::resumption(Clock::time_point now) {
  if (resumption_ && (now - lost_at_ > kResumeWithin || vain_attempts_ >= kMostVainAttempts)) {
    give_up();
  }
  return resumption_;
}

void SharePath::subscribed(bool resumed) {
  if (!resumed) give_up();
  resumption_.reset();
  vain_attempts_ = 0;
}

void SharePath::forget(Session& session, Clock::time_point before) {
  for (Unanswered& it : session.take_unanswered(before))
    drop_({Why::unanswered, std::move(it.share)});
}

void SharePath::lost(Session& session, Clock::time_point now) {
  version_form_ = session.version_form();
  if (!session.subscribed()) {
    ++vain_attempts_;
    return;
  }
  resumption_ = session.resumption();
  lost_at_ = now;
  for (Unanswered& it : session.take_unanswered())
    again_.push_back(std::move(it));
  std::sort(again_.begin(), again_.end(), [](const Unanswered& a, const Unanswered& b) {
    return core::is_better(a.share, b.share);
  });
  for (; again_.size() > kMostToSendAgain; again_.pop_back())
    drop_({Why::unanswered, std::move(again_.back().share)});
  std::reverse(again_.begin(), again_.end());
  if (!resumption_) give_up();
}

void SharePath::give_up() {
  resumption_.reset();
  vain_attempts_ = 0;
  for (Unanswered& it : std::exchange(again_, {}))
    drop_({Why::unanswered, std::move(it.share)});
  for (core::Share& share : queue_.clear())
    drop_({Why::stale, std::move(share)});
}

}  // namespace ebb::stratum
