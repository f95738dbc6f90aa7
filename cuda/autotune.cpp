#include "cuda/autotune.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace ebb::cuda {
namespace {

using std::chrono::milliseconds;

// Idle cards lower their clocks, and need some tenths of a second of work to raise them.
constexpr milliseconds kWarmUp{250};
constexpr milliseconds kEntry{5}, kFirstTurn{15}, kFinalTurn{20};
constexpr int kTurns = 3;
constexpr int kFinalists = 2;
constexpr double kTie = 0.995;

/// In the order of kVariants.
using Field = std::vector<MeasuredTuning>;

void measure(MeasuredTuning& it, milliseconds duration, const Trial& trial) {
  const auto hps = trial(it.tuning, versions_in_trial(it.tuning.variant.layout), duration);
  if (!hps) {
    it.failure = hps.error();
  } else if (std::isfinite(*hps) && *hps > 0) {
    it.hps = std::max(it.hps, *hps);
  } else {
    it.failure = TrialFailure{false, "no measurable speed"};
  }
}

void take_turns(Field& field, milliseconds duration, const Trial& trial) {
  for (int turn = 0; turn < kTurns; ++turn) {
    for (MeasuredTuning& it : field) {
      if (it.failure) continue;
      measure(it, duration, trial);
      if (!it.failure || !it.failure->wrong) continue;
      for (MeasuredTuning& other : field) {
        if (other.tuning.variant == it.tuning.variant) other.failure = it.failure;
      }
    }
  }
}

/// Each variant of the layout, with the first of its tunings that works.
Field enter(Layout layout, const Trial& trial) {
  Field field;
  for (const Variant& variant : kVariants) {
    if (variant.layout != layout) continue;
    MeasuredTuning entry;
    for (const Tuning& tuning : tunings_of(variant)) {
      entry = {tuning};
      measure(entry, kEntry, trial);
      if (!entry.failure || entry.failure->wrong) break;
    }
    field.push_back(entry);
  }
  return field;
}

Field::iterator best_of(Field& field) {
  double fastest = 0;
  for (const MeasuredTuning& it : field) {
    if (!it.failure) fastest = std::max(fastest, it.hps);
  }
  return std::find_if(field.begin(), field.end(), [fastest](const MeasuredTuning& it) {
    return !it.failure && it.hps >= kTie * fastest;
  });
}

/// Takes the best variants out of `variants`, with all their tunings.
Field finalists(Field& variants) {
  std::vector<Variant> best;
  for (int i = 0; i < kFinalists; ++i) {
    const auto next = best_of(variants);
    if (next == variants.end()) break;
    best.push_back(next->tuning.variant);
    variants.erase(next);
  }
  Field field;
  for (const Variant& variant : kVariants) {
    if (std::find(best.begin(), best.end(), variant) == best.end()) continue;
    for (const Tuning& tuning : tunings_of(variant))
      field.push_back({tuning});
  }
  return field;
}

/// Adds what it measures to `table`. Should all finalists fail, the next best are tried.
tl::expected<Tuning, std::string> decide(Field variants, const Trial& trial, Field& table) {
  table.insert(table.end(), variants.begin(), variants.end());
  std::string why;
  for (const MeasuredTuning& it : variants) {
    if (it.failure && why.empty()) why = name_of(it.tuning.variant) + ": " + it.failure->why;
  }
  for (;;) {
    Field field = finalists(variants);
    if (field.empty()) return tl::unexpected("no kernel works; " + why);
    take_turns(field, kFinalTurn, trial);
    table.insert(table.end(), field.begin(), field.end());
    if (const auto best = best_of(field); best != field.end()) return best->tuning;
    why = describe(field.front().tuning) + ": " + field.front().failure->why;
  }
}

}  // namespace

std::vector<Tuning> tunings_of(const Variant& variant) {
  std::vector<Tuning> tunings;
  const std::span<const unsigned> batches = variant.layout == Layout::versions
                                                ? std::span<const unsigned>(kVersionBatches)
                                                : std::span<const unsigned>(kNonceBatches);
  for (const unsigned block : kBlocks) {
    for (const unsigned batch : batches)
      tunings.push_back({variant, block, batch});
  }
  return tunings;
}

Autotuning autotune(const Trial& trial) {
  Field versions = enter(Layout::versions, trial);
  Field nonces = enter(Layout::nonces, trial);
  if (const auto any = best_of(versions); any != versions.end()) {
    trial(any->tuning, versions_in_trial(Layout::versions), kWarmUp);
  }
  take_turns(versions, kFirstTurn, trial);
  take_turns(nonces, kFirstTurn, trial);

  Autotuning result;
  const auto best_versions = decide(std::move(versions), trial, result.table);
  const auto best_nonces = decide(std::move(nonces), trial, result.table);
  if (!best_versions) {
    result.best = tl::unexpected(best_versions.error());
  } else if (!best_nonces) {
    result.best = tl::unexpected(best_nonces.error());
  } else {
    result.best = TuningPair{*best_versions, *best_nonces};
  }
  return result;
}

}  // namespace ebb::cuda
