#pragma once
// What becomes of each share, counted and told.

#include "core/share.h"
#include "miner/statistics.h"
#include "stratum/upstream.h"

namespace spdlog {
class logger;
}

namespace ebb::miner {

void count(ShareStatistics& statistics, const stratum::ShareJudged& judged);
void count(ShareStatistics& statistics, stratum::ShareDropped::Why why);

/// Of all pools together. On the io thread.
class ShareLedger {
 public:
  /// A worker found it; a block candidate is told loudly.
  void found(const core::Share& share, spdlog::logger& log);
  void judged(const stratum::ShareJudged& judged);
  void dropped(stratum::ShareDropped::Why why);

  const ShareStatistics& statistics() const { return statistics_; }

 private:
  ShareStatistics statistics_;
};

}  // namespace ebb::miner
