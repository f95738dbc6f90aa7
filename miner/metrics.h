#pragma once
// What /metrics says: Prometheus's text format 0.0.4.

#include <string>
#include <vector>

#include "miner/throttle_text.h"

namespace ebb::miner {

std::string metrics_text(const throttle::Decision& decision, const Observation& seen,
                         const std::vector<SourceStatus>& sources);

}  // namespace ebb::miner
