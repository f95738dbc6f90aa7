#pragma once
// What a pool's coinbase pays, looked at job by job and told when there is something to tell.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "stratum/payout.h"

namespace ebb::stratum {

/// Told for a connection's first job and when the payout changes in kind.
struct PayoutSeen {
  Payout payout;
  bool meets_rule = true;  ///< true without a rule
  std::string
      unreadable{};  ///< why the coinbase cannot be read, when it cannot; no rule is met then
};

/// Of the same kind are payouts to the same scripts, those of less than kSmallShare left out, that
/// meet the rule or not alike. Sans-IO, one thread.
class PayoutWatch {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr double kSmallShare = 0.05;
  /// A pool that pays others in every job is told of so often, unless the rule is met no longer.
  static constexpr std::chrono::minutes kTellEvery{10};

  explicit PayoutWatch(std::optional<PayoutRule> rule) : rule_(std::move(rule)) {}

  /// A new connection: its first job is told of.
  void connected() { told_.reset(); }

  /// News, if this job has any.
  std::optional<PayoutSeen> look(const core::Job& job, Clock::time_point now);

  /// What the last job pays; nothing before the first.
  const std::optional<PayoutSeen>& last() const { return last_; }

  /// The last job does not pay whom it must, and the pool is to be left for it.
  bool must_leave() const {
    return rule_ && rule_->missing == PayoutRule::Missing::leave && last_ && !last_->meets_rule;
  }

 private:
  struct Kind {
    std::vector<core::Bytes> scripts;  ///< sorted
    bool meets_rule = true;
    bool readable = true;
    friend bool operator==(const Kind&, const Kind&) = default;
  };

  static Kind kind_of(const PayoutSeen& seen);

  std::optional<PayoutRule> rule_;
  std::optional<PayoutSeen> last_;
  std::optional<Kind> told_;
  Clock::time_point told_at_{};
};

}  // namespace ebb::stratum
