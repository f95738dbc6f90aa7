#include "bench/card_load.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "bench/bench_job.h"
#include "core/share.h"

namespace ebb::bench {
namespace {

constexpr std::uint64_t kAllNonces = std::uint64_t{1} << 32;
constexpr double kHashesAtDifficulty1 = 0x1p32;

// A card ends a scan with the first launch that found something. While it is timed it finds as
// little as on a pool; afterwards enough to count, and far less than a buffer holds.
constexpr double kTimedHitsPerSecond = 2;
constexpr double kCountedHitsPerSecond = 800;
constexpr Seconds kCounted{1};

// What an unknown card is taken for at first; the scans grow from there.
constexpr double kSlowestHps = 1e5;
constexpr double kMostGrowth = 8;

// Of the short range: one hash in 256 is a hit.
constexpr double kEasyChance = 0x1p-8;
constexpr std::uint64_t kEasyHashes = 32'768;
constexpr std::uint32_t kEasyFirst = 1'000'003;

core::WorkSource work_for(unsigned midstates, double hit_chance) {
  return {bench_job(1 / (hit_chance * kHashesAtDifficulty1)), 0, 1, midstates};
}

}  // namespace

CardLoad::CardLoad(CardUnderTest& card, const cuda::Tuning& tuning, unsigned midstates,
                   double expected_hps, WallClock clock)
    : card_(card),
      tuning_(tuning),
      midstates_(midstates),
      clock_(std::move(clock)),
      hps_(expected_hps > 0 ? expected_hps : kSlowestHps),
      hit_chance_(expected_hps > 0 ? std::min(kTimedHitsPerSecond / expected_hps, kEasyChance)
                                   : 1 / kHashesAtDifficulty1),
      source_(work_for(midstates, hit_chance_)),
      unit_(*source_.next(0)),
      buffer_(core::kMinCandidateCapacity) {}

bool CardLoad::begin() {
  if (!card_.use(tuning_)) {
    failure_ = "not on this card";
    return false;
  }
  card_.device->prepare(unit_.scan_input());
  return true;
}

std::optional<core::ScanReport> CardLoad::scan(std::uint32_t first, std::uint64_t count) {
  const core::ScanReport report = card_.device->scan(first, count, buffer_);
  const bool sane = report.scanned > 0 && report.scanned <= count && report.busy.count() > 0 &&
                    report.found <= buffer_.size();
  if (report.ok && sane) return report;
  failure_ = report.ok ? "a scan without sense" : card_.device->failure();
  return std::nullopt;
}

std::optional<Stretch> CardLoad::hash_for(Seconds duration) {
  const Seconds longest = card_.device->info().slice.full;
  Stretch done;
  while (done.busy < duration) {
    const double scans = std::ceil((duration - done.busy) / longest);
    const Seconds length = (duration - done.busy) / std::max(scans, 1.0);
    const auto nonces = static_cast<std::uint64_t>(
        std::clamp(length.count() * hps_ / midstates_, 1.0, static_cast<double>(kAllNonces)));
    if (next_ + nonces > kAllNonces) {
      unit_ = *source_.next(0);
      card_.device->prepare(unit_.scan_input());
      next_ = 0;
    }
    const auto begin = clock_();
    const auto report = scan(static_cast<std::uint32_t>(next_), nonces);
    if (!report) return std::nullopt;
    done.wall += clock_() - begin;
    done.busy += report->busy;
    const std::uint64_t hashes = report->scanned * midstates_;
    done.hashes += hashes;
    expected_hits_ += static_cast<double>(hashes) * hit_chance_;
    next_ += report->scanned;
    for (const core::Candidate& candidate : std::span(buffer_).first(report->found)) {
      const core::Verdict verdict = core::verify(unit_, candidate).verdict;
      hits_ += verdict == core::Verdict::share ? 1 : 0;
      wrong_ += verdict == core::Verdict::corrupt ? 1 : 0;
    }
    if (const auto mhz = card_.sm_mhz()) done.sm_mhz.push_back(*mhz);
    hps_ =
        std::min(static_cast<double>(hashes) / Seconds(report->busy).count(), kMostGrowth * hps_);
  }
  return done;
}

bool CardLoad::is_right() {
  hit_chance_ = std::min(kCountedHitsPerSecond / hps_, kEasyChance);
  source_ = work_for(midstates_, hit_chance_);
  unit_ = *source_.next(0);
  next_ = 0;
  if (!begin() || !hash_for(kCounted)) return false;
  const double off = std::abs(static_cast<double>(hits_) - expected_hits_);
  // Six standard deviations of a Poisson distribution, and room for its tail when few are expected.
  return wrong_ == 0 && off <= 6 * std::sqrt(expected_hits_) + 6 && finds_all();
}

bool CardLoad::finds_all() {
  const core::WorkUnit easy = *work_for(midstates_, kEasyChance).next(0);
  if (!card_.use(tuning_)) return false;
  card_.device->prepare(easy.scan_input());
  using Key = std::pair<std::uint32_t, std::uint32_t>;
  std::vector<Key> found, expected;
  const std::uint64_t count = kEasyHashes / midstates_;
  for (std::uint64_t done = 0; done < count;) {
    const auto report = scan(kEasyFirst + static_cast<std::uint32_t>(done), count - done);
    if (!report) return false;
    for (const core::Candidate& candidate : std::span(buffer_).first(report->found)) {
      const core::Verdict verdict = core::verify(easy, candidate).verdict;
      if (verdict == core::Verdict::corrupt) return false;
      if (verdict == core::Verdict::share) found.emplace_back(candidate.nonce, candidate.midstate);
    }
    done += report->scanned;
  }
  for (std::uint32_t midstate = 0; midstate < midstates_; ++midstate) {
    core::Header header = easy.header({kEasyFirst, midstate});
    for (std::uint64_t i = 0; i < count; ++i, ++header.nonce) {
      if (easy.job->share_target.is_met_by(header.hash()))
        expected.emplace_back(header.nonce, midstate);
    }
  }
  std::sort(found.begin(), found.end());
  std::sort(expected.begin(), expected.end());
  return found == expected;
}

}  // namespace ebb::bench
