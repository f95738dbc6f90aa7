#pragma once
// A card's tuning: the one kept from before, or else measured now.

#include <functional>
#include <string>
#include <tl/expected.hpp>

#include "cuda/autotune.h"
#include "cuda/tuning_cache.h"

namespace ebb::cuda {

enum class TuningNote {
  detail,   ///< a row of what was measured
  info,     ///< what was chosen, and why it was measured
  warning,  ///< a kernel computes wrongly on this card
};
using TuningLog = std::function<void(TuningNote, const std::string& line)>;

/// A kept tuning is tried for a moment before it is trusted; with `retune` it is not even looked
/// for. What was measured is kept. Blocks for about 2 s when it measures. An error when there is
/// nothing to scan with; what concerns the cache alone is a line in the log.
tl::expected<TuningPair, std::string> find_tuning(const CardInfo& card, const TuningCache& cache,
                                                  bool retune, const Trial& trial,
                                                  const TuningLog& log);

}  // namespace ebb::cuda
