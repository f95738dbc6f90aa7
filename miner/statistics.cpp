#include "miner/statistics.h"

#include <algorithm>
#include <numeric>

namespace ebb::miner {
namespace {

constexpr std::chrono::minutes kLongestWindow{15};

}  // namespace

void HashrateMeter::sample(Clock::time_point now, std::uint64_t hashes) {
  samples_.push_back({now, hashes});
  // One sample older than the window stays, so that the window is always covered.
  while (samples_.size() > 2 && now - samples_[1].at >= kLongestWindow)
    samples_.pop_front();
}

double HashrateMeter::over(std::chrono::seconds window) const {
  if (samples_.size() < 2) return 0;
  const Sample& last = samples_.back();
  const auto older = std::find_if(samples_.rbegin(), samples_.rend(), [&](const Sample& sample) {
    return last.at - sample.at >= window;
  });
  const Sample& first = older == samples_.rend() ? samples_.front() : *older;
  const std::chrono::duration<double> elapsed = last.at - first.at;
  if (elapsed.count() <= 0) return 0;
  return static_cast<double>(last.hashes - first.hashes) / elapsed.count();
}

std::uint64_t ShareStatistics::rejected_total() const {
  return std::accumulate(rejected.begin(), rejected.end(), std::uint64_t{0});
}

}  // namespace ebb::miner
