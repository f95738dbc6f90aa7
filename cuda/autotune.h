#pragma once
// How a card scans fastest: which kernel, in which blocks and batches. It depends on the card's
// generation, so it is measured. Pure logic: what is measured comes from a Trial.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "core/scan.h"
#include "cuda/variant.h"

namespace ebb::cuda {

/// Each in the order of preference, the default first.
inline constexpr unsigned kBlocks[] = {256, 128};
inline constexpr unsigned kVersionBatches[] = {32, 16, 8};
inline constexpr unsigned kNonceBatches[] = {1024, 512};

/// Every block and batch for a variant, in the order of preference.
std::vector<Tuning> tunings_of(const Variant& variant);

/// How many versions a layout is measured with.
constexpr unsigned versions_in_trial(Layout layout) {
  return layout == Layout::versions ? core::kMaxMidstates : 1;
}

struct TrialFailure {
  bool wrong = false;  ///< it ran, and computed wrongly
  std::string why;
};

/// Lets the card scan with a tuning for about so long; hashes per second of the card's own busy
/// time. Before it times a variant for the first time it compares that one with known answers.
using Trial = std::function<tl::expected<double, TrialFailure>(
    const Tuning& tuning, unsigned versions, std::chrono::milliseconds duration)>;

struct MeasuredTuning {
  Tuning tuning;
  double hps = 0;  ///< of its best turn
  std::optional<TrialFailure> failure{};
};

struct Autotuning {
  tl::expected<TuningPair, std::string> best;
  std::vector<MeasuredTuning> table;  ///< all that was tried; a variant's default may come twice
};

/// Measures for about 2 s. Every variant first, then every block and batch for the best two; in
/// turns, so that a change of clocks hits all alike, and each one's best turn counts. Of those
/// within 0.5 % of the fastest the first in kVariants is taken, so that the choice is stable. What
/// fails is out, and a variant that once computed wrongly is out altogether.
Autotuning autotune(const Trial& trial);

}  // namespace ebb::cuda
