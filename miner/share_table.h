#pragma once
// What becomes of a pool's shares and whom it must pay, as its table says: submit_stale,
// payout_address, payout_share, payout_missing.

#include <optional>

#include "stratum/payout.h"

namespace ebb::throttle {
class TableReader;
}

namespace ebb::miner {

struct ShareOptions {
  bool submit_stale = false;
  std::optional<stratum::PayoutRule> payout;
};

/// Faults go to the table.
ShareOptions read_share_options(throttle::TableReader& table);

}  // namespace ebb::miner
