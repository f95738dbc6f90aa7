#include "stratum/payout_watch.h"

#include <algorithm>

namespace ebb::stratum {

std::optional<PayoutSeen> PayoutWatch::look(const core::Job& job, Clock::time_point now) {
  PayoutSeen seen;
  if (auto paid = payout_of(job, rule_ ? &*rule_ : nullptr)) {
    seen.payout = std::move(paid->payout);
    seen.meets_rule = paid->meets_rule;
  } else {
    seen.unreadable = paid.error();
    seen.meets_rule = !rule_;
  }
  last_ = seen;

  Kind kind = kind_of(seen);
  if (told_) {
    const bool worse = told_->meets_rule && !kind.meets_rule;
    if (kind == *told_ || (!worse && now - told_at_ < kTellEvery)) return std::nullopt;
  }
  told_ = std::move(kind);
  told_at_ = now;
  return seen;
}

PayoutWatch::Kind PayoutWatch::kind_of(const PayoutSeen& seen) {
  Kind kind{{}, seen.meets_rule, seen.unreadable.empty()};
  for (const Payout::Output& output : seen.payout.outputs) {
    if (static_cast<double>(output.value) >= kSmallShare * static_cast<double>(seen.payout.total)) {
      kind.scripts.push_back(output.script);
    }
  }
  std::sort(kind.scripts.begin(), kind.scripts.end());
  return kind;
}

}  // namespace ebb::stratum
