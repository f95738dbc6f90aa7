#include "miner/share_ledger.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "miner/console.h"

namespace ebb::miner {

void ShareLedger::found(const core::Share& share, spdlog::logger& log) {
  statistics_.best_difficulty = std::max(statistics_.best_difficulty, share.difficulty());
  if (!share.solves_block()) return;
  ++statistics_.blocks;
  // On regtest every other hash is a block: tell the first few, then one in a thousand.
  if (statistics_.blocks > 10 && statistics_.blocks % 1000 != 0) return;
  log.warn("*** BLOCK CANDIDATE {} *** {}", statistics_.blocks, share.hash.to_display_hex());
}

void ShareLedger::judged(const stratum::ShareJudged& judged) {
  count(statistics_, judged);
}

void ShareLedger::dropped(stratum::ShareDropped::Why why) {
  count(statistics_, why);
}

void count(ShareStatistics& statistics, const stratum::ShareJudged& judged) {
  statistics.latency.record(judged.latency);
  if (judged.accepted) {
    ++statistics.accepted;
    statistics.accepted_difficulty += judged.share.job->share_target.difficulty();
  } else {
    ++statistics.rejected_for(judged.reason);
  }
}

void count(ShareStatistics& statistics, stratum::ShareDropped::Why why) {
  using Why = stratum::ShareDropped::Why;
  switch (why) {
    case Why::stale:
      ++statistics.stale;
      break;
    case Why::withheld:
      ++statistics.withheld;
      break;
    case Why::rate_limited:
    case Why::duplicate:
      ++statistics.not_sent;
      break;
    case Why::unanswered:
      ++statistics.unanswered;
      break;
  }
}

}  // namespace ebb::miner
