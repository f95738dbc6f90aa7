#include "bench/card_bench.h"

#include <algorithm>

#include "bench/bounds.h"
#include "cuda/autotune.h"

namespace ebb::bench {
namespace {

// Clocks rise with work.
constexpr Seconds kWarmUp{0.3};
constexpr Seconds kTry{0.015};
constexpr int kTries = 2;

Rates rates_of(const std::vector<Stretch>& stretches, Seconds Stretch::*time) {
  std::vector<double> rates;
  rates.reserve(stretches.size());
  for (const Stretch& it : stretches)
    rates.push_back(static_cast<double>(it.hashes) / (it.*time).count());
  const auto [least, most] = std::minmax_element(rates.begin(), rates.end());
  return {median(rates), *least, *most};
}

/// One row while it is being measured.
struct Subject {
  CardMeasurement row;
  CardLoad load;
  std::vector<Stretch> stretches;
  double joules = 0;
  bool failed = false;
};

class Bench {
 public:
  Bench(const HashBenchOptions& options, CardUnderTest& card, const WallClock& clock)
      : options_(options), card_(card), clock_(clock) {}

  CardBench run() && {
    for (const unsigned midstates : options_.midstates) {
      for (const cuda::Variant& variant : cuda::kVariants) {
        if ((variant.layout == cuda::Layout::nonces) == (midstates == 1)) add(variant, midstates);
      }
    }
    for (unsigned repeat = 0; repeat < options_.repeats; ++repeat) {
      for (Subject& subject : subjects_)
        measure(subject);
    }
    for (Subject& subject : subjects_) {
      if (!subject.failed) finish(subject);
    }
    compare_with_plain(result_.rows);
    if (result_.rows.empty() && result_.problems.empty()) {
      const std::string why = card_.device->failure();
      result_.problems.push_back(name() + ": no kernel runs on it" +
                                 (why.empty() ? "" : ": " + why));
    }
    return std::move(result_);
  }

 private:
  const std::string& name() const { return card_.device->info().name; }

  void report(const cuda::Tuning& tuning, const std::string& why) {
    result_.problems.push_back(name() + ": " + describe(tuning) + ": " + why);
  }

  /// A subject for the variant with its best tuning, if it runs here at all.
  void add(const cuda::Variant& variant, unsigned midstates) {
    cuda::Tuning best;
    double best_hps = 0;
    for (int i = 0; i < kTries; ++i) {
      for (const cuda::Tuning& tuning : cuda::tunings_of(variant)) {
        CardLoad load(card_, tuning, midstates, best_hps, clock_);
        if (!load.begin()) continue;
        const Seconds duration = warm_ ? kTry : kWarmUp;
        warm_ = true;
        if (!load.hash_for(duration)) return report(tuning, load.failure());
        if (load.hps() <= best_hps) continue;
        best = tuning;
        best_hps = load.hps();
      }
    }
    if (best_hps == 0) return;
    CardMeasurement row;
    row.device = name();
    row.card = card_.card.name;
    row.tuning = best;
    row.midstates = midstates;
    row.chosen = variant == card_.tuning.versions.variant || variant == card_.tuning.nonces.variant;
    subjects_.push_back({std::move(row), {card_, best, midstates, best_hps, clock_}, {}});
  }

  void measure(Subject& subject) {
    if (subject.failed) return;
    subject.failed = !subject.load.begin();
    const auto before = card_.joules();
    const auto stretch = subject.failed ? std::nullopt : subject.load.hash_for(options_.duration);
    const auto after = card_.joules();
    if (!stretch) {
      subject.failed = true;
      return report(subject.row.tuning, subject.load.failure());
    }
    if (before && after) subject.joules += *after - *before;
    subject.stretches.push_back(*stretch);
  }

  void finish(Subject& subject) {
    CardMeasurement& row = subject.row;
    row.busy = rates_of(subject.stretches, &Stretch::busy);
    row.wall = rates_of(subject.stretches, &Stretch::wall);
    std::vector<double> clocks;
    double hashes = 0;
    for (const Stretch& it : subject.stretches) {
      row.seconds += it.wall;
      hashes += static_cast<double>(it.hashes);
      clocks.insert(clocks.end(), it.sm_mhz.begin(), it.sm_mhz.end());
    }
    if (!clocks.empty()) {
      row.sm_hz = 1e6 * median(std::move(clocks));
      row.bound_hps = bound_hps(row.tuning.variant, row.midstates, card_.card, *row.sm_hz);
    }
    if (subject.joules > 0) row.joules_per_hash = subject.joules / hashes;
    row.verified = subject.load.is_right();
    result_.rows.push_back(std::move(row));
  }

  const HashBenchOptions& options_;
  CardUnderTest& card_;
  const WallClock& clock_;
  std::vector<Subject> subjects_;
  bool warm_ = false;
  CardBench result_;
};

}  // namespace

CardBench bench_card(const HashBenchOptions& options, CardUnderTest& card, const WallClock& clock) {
  return Bench(options, card, clock).run();
}

}  // namespace ebb::bench
