#include "throttle/ledger/event_report.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "throttle/ledger/report_text.h"

namespace ebb::throttle {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Seconds = std::chrono::duration<double>;

constexpr double kTolerance = 0.02;      // of full scale
constexpr seconds kAllowed{2};           // from a limit that falls until it must be met
constexpr seconds kJudged{10};           // caps above zero are promised over so long
constexpr seconds kOneViolation{60};     // what comes again within it is the same one
constexpr milliseconds kLeastGap{5000};  // between samples of a second
constexpr int kBaselineDays = 10;
constexpr hours kDay{24};
constexpr std::size_t kExtremes = 6;  // that one bucket of points keeps

struct Span {
  WallTime from{}, until{};
  bool overlaps(const Span& other) const { return from < other.until && other.from < until; }
};

struct Sample {
  Span span;
  const SampleEntry* entry = nullptr;
};

Sample sample_of(const LedgerEntry& entry, const SampleEntry& sample) {
  return {{entry.at - sample.over, entry.at}, &sample};
}

double length(const Span& span) {
  return Seconds(span.until - span.from).count();
}

/// What full work is, as far as the samples show.
struct FullScale {
  double hps = 0, watts = 0;
};

/// An event's own entries, and what happened around it.
struct Episode {
  EventReport report;
  WallTime last{};
  std::vector<const LedgerEntry*> decisions, zeros;
  std::vector<Sample> samples;
  std::optional<WallTime> lowest_since;  ///< of the lowest limit
  std::set<std::string, std::less<>> meters;
  Span span() const { return {report.began, report.ended.value_or(last)}; }
};

/// All that the entries tell, in one walk.
class History {
 public:
  explicit History(std::span<const LedgerEntry> entries, WallTime to) {
    for (const LedgerEntry& entry : entries) {
      if (entry.at < to) take(entry);
    }
    std::stable_sort(outside_.begin(), outside_.end(),
                     [](const Sample& a, const Sample& b) { return a.span.until < b.span.until; });
  }

  std::vector<EventReport> reports(WallTime from) {
    std::vector<EventReport> result;
    for (auto& [number, episode] : episodes_) {
      if (episode.report.began < from && episode.span().until < from) continue;
      finish(episode);
      result.push_back(std::move(episode.report));
    }
    std::stable_sort(result.begin(), result.end(),
                     [](const EventReport& a, const EventReport& b) { return a.began < b.began; });
    return result;
  }

 private:
  void take(const LedgerEntry& entry) {
    Episode* const episode = entry.event == 0 ? nullptr : &episode_of(entry);
    if (const auto* run = std::get_if<RunEntry>(&entry.what)) {
      take_run(entry, *run);
    } else if (const auto* signal = std::get_if<SignalEntry>(&entry.what)) {
      take_signal(*signal, episode);
    } else if (const auto* retract = std::get_if<RetractEntry>(&entry.what)) {
      standing_.erase({retract->source, retract->id});
    } else if (const auto* decision = std::get_if<DecisionEntry>(&entry.what)) {
      end_others(entry);
      if (episode != nullptr) take_decision(entry, decision->decision, *episode);
    } else if (const auto* sample = std::get_if<SampleEntry>(&entry.what)) {
      take_sample(entry, *sample, episode);
    } else if (std::holds_alternative<ZeroEntry>(entry.what) && episode != nullptr) {
      episode->zeros.push_back(&entry);
    }
    last_alive_ = std::max(last_alive_.value_or(entry.at), entry.at);
  }

  Episode& episode_of(const LedgerEntry& entry) {
    auto [at, is_new] = episodes_.try_emplace(entry.event);
    Episode& episode = at->second;
    if (is_new) {
      episode.report.event = entry.event;
      episode.report.began = episode.last = entry.at;
    }
    episode.report.began = std::min(episode.report.began, entry.at);
    episode.last = std::max(episode.last, entry.at);
    episode.report.ended.reset();
    return episode;
  }

  /// A decision that belongs to another event, or to none, ends those under way.
  void end_others(const LedgerEntry& entry) {
    for (auto at = episodes_.rbegin(); at != episodes_.rend(); ++at) {
      Episode& episode = at->second;
      if (at->first == entry.event) continue;
      if (episode.report.ended) break;
      episode.report.ended = std::max(entry.at, episode.last);
    }
  }

  void take_run(const LedgerEntry& entry, const RunEntry& run) {
    if (!run.started) {
      running_ = false;
      stopped_at_ = entry.at;
      return;
    }
    starts_.push_back(entry.at);
    const auto since = running_ ? last_alive_ : stopped_at_;
    if (since && *since < entry.at) down_.push_back({*since, entry.at});
    running_ = true;
  }

  void take_signal(const SignalEntry& entry, Episode* episode) {
    if (entry.refused.empty()) {
      standing_[{entry.signal.source, entry.signal.id}] = entry.signal;
    } else if (episode != nullptr) {
      request(*episode, request_text(entry.signal) + " (refused: " + entry.refused + ")");
    }
  }

  void take_decision(const LedgerEntry& entry, const Decision& decision, Episode& episode) {
    const Signal* strictest = nullptr;
    for (const Reason& reason : decision.reasons) {
      if (!reason.signal_class) continue;
      bool known = false;
      for (const auto& [key, signal] : standing_) {
        const bool stands = key.first == reason.source && !is_full(signal.cap) &&
                            signal.valid_from <= entry.at &&
                            (!signal.valid_until || entry.at < *signal.valid_until);
        if (!stands) continue;
        known = true;
        if (strictest == nullptr && !reason.overridden) strictest = &signal;
        request(episode, request_text(signal));
      }
      if (!known) {
        request(episode, reason.source + ": " + text(reason.limit) + ": " + reason.text);
      }
    }
    EventReport& report = episode.report;
    const bool lower = decision.limit.is_zero()
                           ? !report.lowest.is_zero()
                           : !report.lowest.is_zero() && report.lowest.is_above(decision.limit) &&
                                 !decision.limit.is_above(report.lowest);
    if (lower || (!episode.lowest_since && !decision.limit.is_full())) {
      report.lowest = decision.limit;
      episode.lowest_since = entry.at;
      report.requested = strictest != nullptr ? strictest->valid_from : entry.at;
      report.received = strictest != nullptr ? strictest->received_at : entry.at;
    }
    episode.decisions.push_back(&entry);
  }

  void take_sample(const LedgerEntry& entry, const SampleEntry& sample, Episode* episode) {
    full_.hps = std::max(full_.hps, sample.hps);
    full_.watts = std::max(full_.watts, sample.watts.value_or(0));
    if (episode == nullptr) {
      outside_.push_back(sample_of(entry, sample));
      return;
    }
    episode->samples.push_back(sample_of(entry, sample));
    if (sample.watts) {
      episode->meters.insert(sample.meter);
      episode->report.estimated |= sample.estimated;
    }
  }

  static void request(Episode& episode, std::string text) {
    auto& requests = episode.report.requests;
    if (std::find(requests.begin(), requests.end(), text) == requests.end()) {
      requests.push_back(std::move(text));
    }
  }

  static std::string request_text(const Signal& signal) {
    std::string result = signal.source + ": " + text(signal.cap) + " (" +
                         std::string(name(signal.signal_class)) + ") from " +
                         iso_text(signal.valid_from);
    result += signal.valid_until ? " until " + iso_text(*signal.valid_until) : ", open end";
    result += ", received " + iso_text(signal.received_at);
    return signal.reason.empty() ? result : result + ": " + signal.reason;
  }

  void finish(Episode& episode) {
    EventReport& report = episode.report;
    for (const auto& meter : episode.meters)
      report.meter += (report.meter.empty() ? "" : ", ") + meter;
    report.restarts =
        static_cast<unsigned>(std::count_if(starts_.begin(), starts_.end(), [&](WallTime start) {
          return start > report.began && start <= episode.span().until;
        }));
    std::stable_sort(episode.samples.begin(), episode.samples.end(),
                     [](const Sample& a, const Sample& b) { return a.span.until < b.span.until; });
    find_reached(episode);
    find_gaps(episode);
    find_violations(episode);
    find_baseline(episode);
    find_energy(episode);
    pick_points(episode);
  }

  bool meets(const SampleEntry& sample, const Limit& limit) const {
    if (limit.is_zero()) return sample.hps <= 0;
    // Where watts were measured they are judged as such: the sample's fraction is what a model made
    // of them.
    const bool metered = limit.watts && sample.watts && !sample.estimated;
    const double fraction =
        metered ? limit.fraction : std::min(sample.limit_fraction, limit.fraction);
    if (sample.hps > (fraction + kTolerance) * full_.hps) return false;
    if (limit.hps && sample.hps > *limit.hps + kTolerance * full_.hps) return false;
    return !limit.watts || !sample.watts ||
           *sample.watts <= *limit.watts + kTolerance * full_.watts;
  }

  /// The mean of the newest samples, kJudged of them or more; nothing while there are fewer.
  static std::optional<SampleEntry> latest_mean(std::span<const Sample> samples) {
    SampleEntry mean;
    mean.limit_fraction = 0;
    double seconds_in_all = 0, watts = 0, metered = 0;
    for (auto at = samples.rbegin(); at != samples.rend(); ++at) {
      const double weight = Seconds(at->entry->over).count();
      seconds_in_all += weight;
      mean.hps += weight * at->entry->hps;
      mean.limit_fraction += weight * at->entry->limit_fraction;
      if (at->entry->watts) {
        watts += weight * *at->entry->watts;
        metered += weight;
      }
      if (seconds_in_all < Seconds(kJudged).count()) continue;
      mean.hps /= seconds_in_all;
      mean.limit_fraction /= seconds_in_all;
      if (metered > 0) mean.watts = watts / metered;
      return mean;
    }
    return std::nullopt;
  }

  void find_reached(Episode& episode) const {
    EventReport& report = episode.report;
    if (!episode.lowest_since) return;
    if (report.lowest.is_zero()) {
      for (const LedgerEntry* entry : episode.zeros) {
        const auto& zero = std::get<ZeroEntry>(entry->what);
        if (!zero.proved || entry->at < *episode.lowest_since) continue;
        report.time_to_zero = zero.time_to_zero;
        report.reached = zero.time_to_zero ? *episode.lowest_since + *zero.time_to_zero : entry->at;
        return;
      }
      return;
    }
    for (const Sample& sample : episode.samples) {
      if (sample.span.from < *episode.lowest_since || !meets(*sample.entry, report.lowest))
        continue;
      report.reached = sample.span.until;
      return;
    }
  }

  void find_gaps(Episode& episode) const {
    auto& gaps = episode.report.gaps;
    const Span whole = episode.span();
    for (const Span& down : down_) {
      if (!down.overlaps(whole)) continue;
      gaps.push_back(
          {std::max(down.from, whole.from), std::min(down.until, whole.until), "not running"});
    }
    WallTime known = whole.from;
    const std::vector<Period> down = gaps;
    const auto missing = [&](WallTime until, milliseconds tolerated) {
      for (const Period& period : down) {
        if (period.until <= known || period.from >= until) continue;
        add_missing(gaps, known, period.from, tolerated);
        known = std::max(known, period.until);
      }
      add_missing(gaps, known, until, tolerated);
      known = std::max(known, until);
    };
    milliseconds tolerated = kLeastGap;
    for (const Sample& sample : episode.samples) {
      tolerated = std::max<milliseconds>(kLeastGap, 2 * sample.entry->over);
      missing(sample.span.from, tolerated);
      known = std::max(known, sample.span.until);
    }
    missing(whole.until, tolerated);
    std::stable_sort(gaps.begin(), gaps.end(),
                     [](const Period& a, const Period& b) { return a.from < b.from; });
  }

  static void add_missing(std::vector<Period>& gaps, WallTime from, WallTime until,
                          milliseconds tolerated) {
    if (until - from > tolerated) gaps.push_back({from, until, "no samples"});
  }

  void find_violations(Episode& episode) const {
    auto& violations = episode.report.violations;
    auto next = episode.decisions.begin();
    Limit limit, violated;
    WallTime lowered{};
    std::size_t first = 0;  // sample under this limit
    double most_hps = 0, most_watts = 0;
    seconds in_all{0};
    for (std::size_t i = 0; i < episode.samples.size(); ++i) {
      const Sample& sample = episode.samples[i];
      for (; next != episode.decisions.end() && (*next)->at < sample.span.until; ++next) {
        const Decision& decision = std::get<DecisionEntry>((*next)->what).decision;
        // A ramp's limit moves on after the entry: the samples have it.
        const Limit then = decision.state == State::ramping ? Limit{} : decision.limit;
        if (limit.is_above(then)) lowered = (*next)->at;
        limit = then;
        first = i;
      }
      if (sample.span.from < lowered + kAllowed) {
        first = i + 1;
        continue;
      }
      const auto judged =
          limit.is_zero() ? std::optional(*sample.entry)
                          : latest_mean(std::span(episode.samples).subspan(first, i + 1 - first));
      if (!judged || meets(*judged, limit)) continue;
      const bool goes_on = !violations.empty() && violated == limit &&
                           sample.span.from <= violations.back().until + kOneViolation;
      if (!goes_on) {
        violations.push_back({sample.span.from, {}, {}});
        violated = limit;
        most_hps = most_watts = 0;
        in_all = seconds(0);
      }
      most_hps = std::max(most_hps, sample.entry->hps);
      most_watts = std::max(most_watts, sample.entry->watts.value_or(0));
      in_all += sample.entry->over;
      violations.back().until = sample.span.until;
      violations.back().text =
          "hashed at up to " + text(Cap(HashrateCap{most_hps})) +
          (most_watts > 0 ? " (" + text(Cap(PowerCap{most_watts})) + ")" : "") +
          " under a limit of " + text(limit) + ", for " + std::to_string(in_all.count()) + " s";
    }
  }

  /// Mean power outside events.
  std::optional<double> mean_outside(const Span& span) const {
    auto at = std::upper_bound(
        outside_.begin(), outside_.end(), span.from,
        [](WallTime time, const Sample& sample) { return time < sample.span.until; });
    double joules = 0, known = 0;
    for (; at != outside_.end() && at->span.from < span.until; ++at) {
      if (!at->entry->watts) continue;
      const double over = length(at->span);
      joules += *at->entry->watts * over;
      known += over;
    }
    return known > 0 ? std::optional(joules / known) : std::nullopt;
  }

  bool has_event(const Span& span) const {
    return std::any_of(episodes_.begin(), episodes_.end(),
                       [&](const auto& numbered) { return numbered.second.span().overlaps(span); });
  }

  void find_baseline(Episode& episode) const {
    EventReport& report = episode.report;
    const Span whole = episode.span();
    const milliseconds window = std::min<milliseconds>(whole.until - whole.from, kDay);
    double sum = 0;
    int days = 0;
    for (hours back = kDay; back <= kBaselineReach && days < kBaselineDays; back += kDay) {
      const Span same_hours{whole.from - back, whole.from - back + window};
      if (has_event(same_hours)) continue;
      if (const auto watts = mean_outside(same_hours)) {
        sum += *watts;
        ++days;
      }
    }
    if (days == 0) {
      report.baseline_method = "none: no day without events before this one has power samples";
      return;
    }
    report.baseline_watts = sum / days;
    const std::string hours_text = window == kDay ? "whole days" : "the same hours";
    report.baseline_method =
        days == kBaselineDays
            ? "high 10 of 10: mean power of " + hours_text + " on the last 10 days without events"
            : "mean power of " + hours_text + " on the " + std::to_string(days) + " day" +
                  (days == 1 ? "" : "s") + " without events that there " +
                  (days == 1 ? "is" : "are") + " (high 10 of 10 wants 10)";
  }

  void find_energy(Episode& episode) const {
    EventReport& report = episode.report;
    double joules = 0, known = 0;
    bool measured = false;
    for (const Sample& sample : episode.samples) {
      if (!sample.entry->watts) continue;
      measured = true;
      joules += *sample.entry->watts * length(sample.span);
      known += length(sample.span);
    }
    if (!measured) return;
    for (const Period& gap : report.gaps) {
      if (gap.text == "not running") known += length({gap.from, gap.until});
    }
    report.mean_watts = joules / known;
    if (report.baseline_watts) {
      report.energy_not_used_kwh = (*report.baseline_watts * known - joules) / 3.6e6;
    }
  }

  static void pick_points(Episode& episode) {
    std::vector<PowerPoint> all;
    for (const Sample& sample : episode.samples) {
      all.push_back({sample.span.until, sample.entry->hps, sample.entry->limit_fraction,
                     sample.entry->watts});
    }
    for (const Period& gap : episode.report.gaps) {
      if (gap.text != "not running") continue;
      all.push_back({gap.from, 0, 0, 0.0});
      all.push_back({gap.until, 0, 0, 0.0});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const PowerPoint& a, const PowerPoint& b) { return a.at < b.at; });
    auto& points = episode.report.points;
    if (all.size() <= kMaxPoints) {
      points = std::move(all);
      return;
    }
    const std::size_t buckets = kMaxPoints / kExtremes;
    for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
      const auto at = [&](std::size_t i) {
        return all.begin() + static_cast<std::ptrdiff_t>(all.size() * i / buckets);
      };
      const auto begin = at(bucket), end = at(bucket + 1);
      std::set<std::ptrdiff_t> kept;
      const auto keep = [&](auto value) {
        const auto [low, high] = std::minmax_element(
            begin, end,
            [&](const PowerPoint& a, const PowerPoint& b) { return value(a) < value(b); });
        kept.insert({low - all.begin(), high - all.begin()});
      };
      keep([](const PowerPoint& point) { return point.hps; });
      keep([](const PowerPoint& point) { return point.limit_fraction; });
      keep([](const PowerPoint& point) { return point.watts.value_or(0); });
      for (const std::ptrdiff_t i : kept)
        points.push_back(all[static_cast<std::size_t>(i)]);
    }
  }

  std::map<std::uint64_t, Episode> episodes_;
  std::map<std::pair<std::string, std::string>, Signal> standing_;
  std::vector<Sample> outside_;
  std::vector<Span> down_;
  std::vector<WallTime> starts_;
  std::optional<WallTime> last_alive_, stopped_at_;
  bool running_ = true;
  FullScale full_;
};

}  // namespace

std::vector<EventReport> report_events(std::span<const LedgerEntry> entries, WallTime from,
                                       WallTime to) {
  return History(entries, to).reports(from);
}

}  // namespace ebb::throttle
