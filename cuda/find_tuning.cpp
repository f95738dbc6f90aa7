#include "cuda/find_tuning.h"

#include <fmt/format.h>

#include <algorithm>

namespace ebb::cuda {
namespace {

constexpr std::chrono::milliseconds kCheck{1};

std::string describe(const TuningPair& pair) {
  return describe(pair.versions) + "; " + describe(pair.nonces);
}

std::optional<TuningPair> find_kept(const CardInfo& card, const TuningCache& cache,
                                    const Trial& trial, const TuningLog& log) {
  const auto kept = cache.find(card);
  if (!kept) {
    log(TuningNote::info, kept.error());
    return std::nullopt;
  }
  if (!*kept) return std::nullopt;
  for (const Tuning& tuning : {(*kept)->versions, (*kept)->nonces}) {
    const auto hps = trial(tuning, versions_in_trial(tuning.variant.layout), kCheck);
    if (hps) continue;
    log(hps.error().wrong ? TuningNote::warning : TuningNote::info,
        describe(tuning) + ", kept from before, is not used: " + hps.error().why);
    return std::nullopt;
  }
  log(TuningNote::info, "tuning kept from before: " + describe(**kept));
  return *kept;
}

void log_table(const std::vector<MeasuredTuning>& table, const TuningLog& log) {
  std::vector<Variant> named;
  for (const MeasuredTuning& it : table) {
    const Variant& variant = it.tuning.variant;
    if (!it.failure) {
      log(TuningNote::detail, fmt::format("{}: {:.3f} GH/s", describe(it.tuning), it.hps / 1e9));
    } else if (!it.failure->wrong) {
      log(TuningNote::detail, describe(it.tuning) + ": " + it.failure->why);
    } else if (std::find(named.begin(), named.end(), variant) == named.end()) {
      log(TuningNote::warning, name_of(variant) + " is not used: " + it.failure->why);
      named.push_back(variant);
    }
  }
}

}  // namespace

tl::expected<TuningPair, std::string> find_tuning(const CardInfo& card, const TuningCache& cache,
                                                  bool retune, const Trial& trial,
                                                  const TuningLog& log) {
  if (!retune) {
    if (const auto kept = find_kept(card, cache, trial, log)) return *kept;
  }
  const Autotuning measured = autotune(trial);
  log_table(measured.table, log);
  if (!measured.best) return measured.best;
  log(TuningNote::info, "tuning measured: " + describe(*measured.best));
  if (const auto done = cache.keep(card, *measured.best); !done) {
    log(TuningNote::info, "the tuning is not kept for the next time: " + done.error());
  }
  return measured.best;
}

}  // namespace ebb::cuda
