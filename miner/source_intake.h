#pragma once
// What sources say, on its way into the throttle and the ledger.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sources/update.h"
#include "throttle/ledger/ledger.h"
#include "throttle/throttle.h"

namespace ebb::miner {

/// What there is to keep of one batch of updates.
struct Taken {
  throttle::LedgerBatch batch;  ///< of what is new; repetitions are none
  bool sequenced = false;       ///< a sequence moved on: a replay must stay known after a restart
  std::vector<std::string> refusals;  ///< lines for the log
  std::string refused;                ///< why the first was that is refused now; empty: none is
};

/// Fills in source, class and time, makes remote text fit for logs, and keeps a flood out of the
/// ledger: kMostEntries a source and minute, and one that counts the rest. One thread.
class SourceIntake {
 public:
  static constexpr unsigned kMostEntries = 120;

  Taken take(const throttle::Now& now, const throttle::SourceRule& rule,
             std::vector<sources::Update> updates, throttle::Throttle& throttle);

 private:
  struct Budget {
    throttle::SteadyTime since{};
    unsigned used = 0;
    std::string refused;  ///< told last
  };

  class Batch;
  std::map<std::string, Budget, std::less<>> budgets_;
};

}  // namespace ebb::miner
