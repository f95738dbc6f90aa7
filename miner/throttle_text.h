#pragma once
// The throttle's decisions as people and programs read them. Pure text; no state.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "miner/statistics.h"
#include "sources/source.h"
#include "throttle/policy.h"
#include "throttle/power_reading.h"

namespace ebb::miner {

/// What is seen beside the decision.
struct Observation {
  double hps = 0;
  double fraction = 0;  ///< of full work allowed
  throttle::Plant plant;
  std::optional<throttle::PowerReading> power;
  throttle::Zero zero = throttle::Zero::not_asked;
  std::string zero_text;  ///< what proves zero, or refutes it
  std::optional<std::chrono::milliseconds> time_to_zero;
  std::vector<PoolStatistics> pools{};
};

/// A source as the status shows it.
struct SourceStatus {
  throttle::SourceRule rule;
  std::string type;
  sources::Health health;
  std::optional<std::chrono::seconds> silent_for;  ///< nothing: not heard since the start
  bool fresh = false;
  throttle::Limit says;  ///< what stands of it now
};

/// "PARKED, 0%: schedule 0%: KEGOC order, until 2022-02-01 00:00:00+06:00"
std::string decision_line(const throttle::Decision& decision);

/// JSON object text of one line: what `ebb status` shows. `trouble`: why what happens is not on
/// disk.
std::string status_json(const throttle::Decision& decision, const Observation& seen,
                        const std::vector<SourceStatus>& sources,
                        const std::optional<std::string>& trouble, bool clock_believed);

}  // namespace ebb::miner
