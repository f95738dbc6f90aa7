#include "miner/device_health.h"

#include <algorithm>
#include <utility>

namespace ebb::miner {
namespace {

constexpr std::size_t kLongestReason = 200;

/// One line of bounded length, whatever a driver says.
std::string as_reason(std::string text) {
  if (text.empty()) return "it gave no reason";
  text.resize(std::min(text.size(), kLongestReason));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return text;
}

}  // namespace

void DeviceHealth::failed(std::string why, std::chrono::nanoseconds pause) {
  const std::lock_guard lock(mutex_);
  ++state_.failures;
  state_.quarantined = true;
  state_.last_failure = as_reason(std::move(why));
  state_.pause = pause;
}

void DeviceHealth::recovered() {
  const std::lock_guard lock(mutex_);
  state_.quarantined = false;
}

DeviceHealth::State DeviceHealth::read() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace ebb::miner
