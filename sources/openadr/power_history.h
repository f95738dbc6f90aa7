#pragma once
// What the miner drew and did, from its ledger.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "sources/openadr/timeline.h"

namespace ebb::sources::openadr {

/// Means over a span of time.
struct PowerPast {
  double known = 0;     ///< share of the time for which there are samples
  double measured = 0;  ///< share for which they have watts
  double mean_watts = 0, most_watts = 0;
  double mean_limit = 1;   ///< fraction of full work that was allowed
  double hashed = 0;       ///< share in which work was done
  bool estimated = false;  ///< watts by a model
  bool in_event = false;   ///< something was limited
};

class PowerHistory {
 public:
  virtual ~PowerHistory() = default;
  virtual PowerPast over(const Span& span) = 0;
};

/// Of the ledger in this file. Where it cannot be read nothing is known.
std::unique_ptr<PowerHistory> read_ledger(const std::filesystem::path& file);

/// What would have been drawn without events: the mean of the same hours of the last 10 days that
/// had none, of 60. As `ebb report` has it.
std::optional<double> baseline_watts(PowerHistory& history, const Span& span);

}  // namespace ebb::sources::openadr
