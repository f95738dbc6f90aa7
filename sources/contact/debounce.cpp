#include "sources/contact/debounce.h"

#include <algorithm>

namespace ebb::sources {

std::optional<ContactLevel> Debounce::see(throttle::SteadyTime now, const ContactLevel& level) {
  if (level != seen_) {
    seen_ = level;
    seen_since_ = now;
    if (!restless_since_) restless_since_ = now;
  }
  if (now - seen_since_ >= wait_) {
    believed_ = seen_;
    restless_since_.reset();
  } else if (restless(now)) {
    believed_.reset();
  }
  return believed_;
}

void Debounce::forget() {
  believed_.reset();
  seen_.clear();
  restless_since_.reset();
}

bool Debounce::restless(throttle::SteadyTime now) const {
  return restless_since_ && now - *restless_since_ >= std::max(kChatter, 5 * wait_);
}

std::chrono::milliseconds Debounce::left(throttle::SteadyTime now) const {
  if (seen_.empty() || believed_ == seen_) return std::chrono::milliseconds(0);
  const auto stood = std::chrono::floor<std::chrono::milliseconds>(now - seen_since_);
  return std::max(wait_ - stood, std::chrono::milliseconds(0));
}

}  // namespace ebb::sources
