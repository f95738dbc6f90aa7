#pragma once
// The way of shares from the workers to the pool, over connections that come and go.

#include <functional>
#include <optional>
#include <vector>

#include "stratum/session.h"
#include "stratum/submit_queue.h"
#include "stratum/upstream.h"

namespace ebb::stratum {

/// Sends what waits as fast as the rate allows, best first. What a lost connection leaves unsent or
/// unanswered is kept for the next one, and sent there if the pool has resumed the session: never
/// to another session, and never more than kMostSends times, lest a share that the pool hangs up on
/// comes back for good. Every share ends in one verdict or one ShareDropped. Sans-IO, one thread.
class SharePath {
 public:
  using Clock = SubmitQueue::Clock;

  static constexpr unsigned kMostSends = 3;
  static constexpr std::size_t kMostToSendAgain = Session::kMaxUnansweredSubmits;
  /// Pools forget sessions: ckpool after ten minutes.
  static constexpr std::chrono::minutes kResumeWithin{10};
  /// Connections that end before the subscription is answered. It may be the session's name that
  /// the pool dislikes.
  static constexpr int kMostVainAttempts = 3;

  explicit SharePath(std::function<void(ShareDropped)> drop) : drop_(std::move(drop)) {}

  void push(core::Share share);

  /// Moves what may be sent to the session.
  void pump(Session& session, Clock::time_point now);

  /// What a session on a new connection may resume; nothing, and what waits is given up, when too
  /// much time has passed since the last one was lost.
  std::optional<Resumption> resumption(Clock::time_point now);

  /// A version form that earlier sessions have learnt.
  const VersionForm& version_form() const { return version_form_; }

  /// The pool has answered the subscription.
  void subscribed(bool resumed);

  /// Shares sent before `before` get no answer any more, though the connection lives.
  void forget(Session& session, Clock::time_point before);

  /// The session's connection is gone.
  void lost(Session& session, Clock::time_point now);

  /// Nothing will be resumed: whatever waits for it is dropped.
  void give_up();

  /// Waiting to be sent for the first time or again.
  bool idle() const { return queue_.empty() && again_.empty(); }

 private:
  void send(Session& session, core::Share share, Clock::time_point now);
  void send_again(Session& session, Unanswered it, Clock::time_point now);

  std::function<void(ShareDropped)> drop_;
  SubmitQueue queue_;
  std::vector<Unanswered> again_;  ///< to be sent again, the best last
  std::optional<Resumption> resumption_;
  VersionForm version_form_;
  Clock::time_point lost_at_{};
  int vain_attempts_ = 0;
};

}  // namespace ebb::stratum
