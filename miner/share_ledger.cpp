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

void ShareLedger::judged(const stratum::ShareJudged& judged, spdlog::logger& log) {
  statistics_.latency.record(judged.latency);
  if (judged.accepted) {
    ++statistics_.accepted;
    statistics_.accepted_difficulty += judged.share.job->share_target.difficulty();
    return;
  }
  ++statistics_.rejected_for(judged.reason);
  log.warn("share rejected, {}: {}", stratum::name_of(judged.reason),
           judged.text.empty() ? "no reason given" : judged.text);
}

void ShareLedger::dropped(stratum::ShareDropped::Why why) {
  using Why = stratum::ShareDropped::Why;
  switch (why) {
    case Why::stale:
      ++statistics_.stale;
      break;
    case Why::withheld:
      ++statistics_.withheld;
      break;
    case Why::rate_limited:
    case Why::duplicate:
      ++statistics_.not_sent;
      break;
    case Why::unanswered:
      ++statistics_.unanswered;
      break;
  }
}

}  // namespace ebb::miner
