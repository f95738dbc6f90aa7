#include "sources/openadr/power_history.h"

#include <algorithm>
#include <utility>

#include "throttle/ledger/event_report.h"
#include "throttle/ledger/ledger.h"

namespace ebb::sources::openadr {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::chrono::hours kChunk{1};
constexpr std::size_t kMaxChunks = std::size_t{31} * 24;
constexpr std::size_t kMaxEntries = 20'000;  // of a chunk
constexpr unsigned kBaselineDays = 10;
constexpr double kEnough = 0.5;

class LedgerHistory final : public PowerHistory {
 public:
  explicit LedgerHistory(std::optional<throttle::Ledger> ledger) : ledger_(std::move(ledger)) {}

  PowerPast over(const Span& span) override {
    PowerPast past;
    if (!ledger_ || span.empty()) return past;
    double known = 0, measured = 0, energy = 0, allowed = 0, worked = 0;
    WallTime from = span.from;
    for (std::size_t chunks = 0; from < span.until && chunks < kMaxChunks; ++chunks) {
      const WallTime until = std::min<WallTime>(span.until, from + kChunk);
      const auto entries = ledger_->read(from, until, kMaxEntries);
      if (!entries) return {};
      for (const throttle::LedgerEntry& entry : *entries) {
        const auto* sample = std::get_if<throttle::SampleEntry>(&entry.what);
        if (sample == nullptr) continue;
        const double seconds = Seconds(sample->over).count();
        known += seconds;
        allowed += seconds * sample->limit_fraction;
        if (sample->hps > 0) worked += seconds;
        past.in_event = past.in_event || entry.event != 0;
        if (!sample->watts) continue;
        measured += seconds;
        energy += seconds * *sample->watts;
        past.most_watts = std::max(past.most_watts, *sample->watts);
        past.estimated = past.estimated || sample->estimated;
      }
      from = until;
    }
    const double length = Seconds(span.until - span.from).count();
    past.known = std::min(known / length, 1.0);
    past.measured = std::min(measured / length, 1.0);
    if (measured > 0) past.mean_watts = energy / measured;
    if (known > 0) {
      past.mean_limit = allowed / known;
      past.hashed = worked / known;
    }
    return past;
  }

 private:
  std::optional<throttle::Ledger> ledger_;
};

}  // namespace

std::unique_ptr<PowerHistory> read_ledger(const std::filesystem::path& file) {
  std::optional<throttle::Ledger> ledger;
  if (!file.empty()) {
    if (auto opened = throttle::Ledger::open_to_read(file)) ledger = *std::move(opened);
  }
  return std::make_unique<LedgerHistory>(std::move(ledger));
}

std::optional<double> baseline_watts(PowerHistory& history, const Span& span) {
  constexpr std::chrono::hours kDay{24};
  if (span.until - span.from > kDay) return std::nullopt;
  double sum = 0;
  unsigned days = 0;
  for (auto back = kDay; back <= throttle::kBaselineReach && days < kBaselineDays; back += kDay) {
    const PowerPast past = history.over({span.from - back, span.until - back});
    if (past.in_event || past.measured < kEnough) continue;
    sum += past.mean_watts;
    ++days;
  }
  if (days == 0) return std::nullopt;
  return sum / days;
}

}  // namespace ebb::sources::openadr
