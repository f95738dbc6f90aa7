#pragma once
// CUDA cards made ready to hash: opened, proven, and tuned.

#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "cuda/autotune.h"
#include "cuda/card_id.h"
#include "cuda/cuda_cards.h"
#include "cuda/tuning_cache.h"
#include "miner/wanted.h"

namespace spdlog {
class logger;
}

namespace ebb::miner {

struct OpenCard {
  std::unique_ptr<cuda::CudaDevice> device;
  cuda::CardId id;
  cuda::Trial trial;  ///< of the device, which needs a tune() after it
};

/// Opens what is wanted, one after the other: half a second each, and 2 s for the first of a kind
/// that no earlier run tuned, or each with `retune`. A card that fails is left out with a warning.
/// The error is one line: a card asked for by its name is not there or failed, or cards were
/// asked for and none is left.
tl::expected<std::vector<OpenCard>, std::string> open_cards(cuda::CudaCards& cards,
                                                            const Wanted& wanted, bool retune,
                                                            const cuda::TuningCache& cache,
                                                            spdlog::logger& log);

}  // namespace ebb::miner
