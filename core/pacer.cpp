#include "core/pacer.h"

#include <algorithm>

namespace ebb::core {

void Pacer::account(Clock::time_point now, Duration busy, Duty duty) {
  const auto elapsed = std::chrono::duration<double, std::nano>(now - last_).count();
  last_ = now;
  if (duty.ppm >= Duty::kFullPpm) {
    credit_ns_ = 0;
    return;
  }
  credit_ns_ += elapsed * duty.fraction() - static_cast<double>(busy.count());
  credit_ns_ = std::min(credit_ns_, static_cast<double>(kMaxCredit.count()));
}

Pacer::Duration Pacer::pause(Duty duty) const {
  if (duty.ppm >= Duty::kFullPpm || credit_ns_ >= 0) return Duration::zero();
  return Duration(static_cast<Duration::rep>(-credit_ns_ / duty.fraction()));
}

}  // namespace ebb::core
