#include "miner/latency_histogram.h"

#include <algorithm>
#include <cmath>

namespace ebb::miner {

void LatencyHistogram::record(Duration latency) {
  const double ms = std::chrono::duration<double, std::milli>(latency).count();
  const double bucket = ms <= kLeastMs ? 0 : std::ceil(std::log(ms / kLeastMs) / std::log(kStep));
  ++buckets_[static_cast<std::size_t>(std::min(bucket, static_cast<double>(kBuckets - 1)))];
  ++count_;
}

LatencyHistogram::Duration LatencyHistogram::quantile(double q) const {
  if (count_ == 0) return Duration::zero();
  const double wanted = std::max(1.0, std::ceil(q * static_cast<double>(count_)));
  std::size_t bucket = 0;
  double seen = static_cast<double>(buckets_[0]);
  while (seen < wanted && bucket + 1 < kBuckets)
    seen += static_cast<double>(buckets_[++bucket]);
  const std::chrono::duration<double, std::milli> edge(
      kLeastMs * std::pow(kStep, static_cast<double>(bucket)));
  return std::chrono::duration_cast<Duration>(edge);
}

}  // namespace ebb::miner
