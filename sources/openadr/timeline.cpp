#include "sources/openadr/timeline.h"

#include <algorithm>
#include <cstdint>

namespace ebb::sources::openadr {
namespace {

using std::chrono::milliseconds;

/// FNV-1a, then SplitMix64's finish: neighbouring names have nothing in common.
std::uint64_t hash(std::string_view text, std::uint64_t state) {
  for (const char c : text)
    state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  return state ^ (state >> 31);
}

/// Uniform in [-most, most].
milliseconds draw(const Event& event, const TimelineSettings& settings, std::size_t interval,
                  milliseconds most) {
  most = std::min<milliseconds>(most, std::chrono::hours(24 * 366));
  const std::uint64_t number =
      hash(event.id + '#' + std::to_string(interval), hash(settings.seed, 0xcbf29ce484222325));
  const auto span = 2 * static_cast<std::uint64_t>(most.count()) + 1;
  return milliseconds(static_cast<std::int64_t>(number % span)) - most;
}

WallTime shifted(WallTime time, milliseconds by) {
  return time >= kForever ? kForever : std::min(time + by, kForever);
}

/// Walks through an event's intervals.
class Pass {
 public:
  Pass(const Event& event, const TimelineSettings& settings) : event_(event), settings_(settings) {}

  std::vector<Stretch> walk() {
    if (event_.period && event_.period->start) begin(*event_.period->start);
    if (event_.period && event_.period->randomize_start) randomize(0, *event_.period);
    for (std::size_t i = 0; i < event_.intervals.size(); ++i)
      add(i, event_.intervals[i].period.value_or(IntervalPeriod{}));
    return std::move(stretches_);
  }

 private:
  void begin(const Start& start) {
    now_ = !start.at;
    next_ = start.at.value_or(
        std::min(event_.written.value_or(settings_.first_seen), settings_.first_seen));
  }

  void randomize(std::size_t interval, const IntervalPeriod& period) {
    shift_ = draw(event_, settings_, interval, at_most(*period.randomize_start));
  }

  void add(std::size_t index, const IntervalPeriod& period) {
    const bool own_start = period.start && period.start->at;
    if (own_start || (period.start && !next_)) begin(*period.start);
    if (period.randomize_start && (own_start || index == 0)) randomize(index, period);
    if (!next_ || *next_ >= kForever) return;  // of unknown time, or after what never ends
    if (own_start && open_ && *next_ > stretches_.back().planned.from) {
      stretches_.back().planned.until = *next_;
    }

    std::optional<Duration> duration = period.duration;
    if (!duration && event_.period) duration = event_.period->duration;
    const bool cancelled = now_ && duration && duration->is_zero();
    open_ = !cancelled && (!duration || duration->is_zero());
    const WallTime until = cancelled ? *next_ : open_ ? kForever : later(*next_, *duration);
    if (*next_ < until) stretches_.push_back({index, {*next_, until}, shift_});
    next_ = until;
  }

  const Event& event_;
  const TimelineSettings& settings_;
  std::vector<Stretch> stretches_;
  std::optional<WallTime> next_;  ///< where an interval begins that has no start of its own
  bool now_ = false;              ///< that comes from a start of "now"
  bool open_ = false;             ///< the last one has no end of its own
  milliseconds shift_{0};
};

/// Of one pass, over everything.
Span whole_of(const std::vector<Stretch>& pass) {
  Span whole = pass.front().planned;
  for (const Stretch& stretch : pass) {
    whole.from = std::min(whole.from, stretch.planned.from);
    whole.until = std::max(whole.until, stretch.planned.until);
  }
  return whole;
}

/// In a later pass, cut where the event ends; may be empty.
Stretch repeated(Stretch stretch, milliseconds by, WallTime end) {
  stretch.planned = {shifted(stretch.planned.from, by),
                     std::min(shifted(stretch.planned.until, by), end)};
  return stretch;
}

}  // namespace

Span Stretch::widest() const {
  return {std::min(planned.from, shifted(planned.from, shift)),
          std::max(planned.until, shifted(planned.until, shift))};
}

Span Stretch::surely() const {
  return {std::max(planned.from, shifted(planned.from, shift)),
          std::min(planned.until, shifted(planned.until, shift))};
}

std::vector<Stretch> one_pass(const Event& event, const TimelineSettings& settings) {
  return Pass(event, settings).walk();
}

std::vector<Stretch> timeline(const Event& event, const TimelineSettings& settings, WallTime now,
                              std::size_t most) {
  const std::vector<Stretch> pass = one_pass(event, settings);
  std::vector<Stretch> result;
  if (pass.empty()) return result;
  const Span whole = whole_of(pass);
  const bool limited = event.duration && !event.duration->is_zero();
  const WallTime end = limited ? later(whole.from, *event.duration) : whole.until;
  const milliseconds length = whole.until - whole.from;

  std::int64_t number = 0;
  if (whole.until < end) {  // loops
    milliseconds slack{0};
    for (const Stretch& stretch : pass)
      slack = std::max(slack, stretch.shift);
    number = std::max<std::int64_t>(0, (now - slack - whole.from) / length);
  }
  // After the first two every pass gives something, for it begins after `now` less the slack.
  while (result.size() < most && whole.from + number * length < end) {
    for (const Stretch& stretch : pass) {
      const Stretch again = repeated(stretch, number * length, end);
      if (again.planned.empty() || again.widest().until <= now) continue;
      result.push_back(again);
      if (result.size() >= most) break;
    }
    if (whole.until >= end) break;
    ++number;
  }
  return result;
}

std::vector<Stretch> divided(const Stretch& stretch, std::size_t parts) {
  if (parts <= 1 || stretch.planned.until >= kForever) return {stretch};
  const milliseconds length = stretch.planned.until - stretch.planned.from;
  const auto of = static_cast<std::int64_t>(parts);
  const auto at = [&](std::int64_t part) {
    // Whole part first: the product of the whole would overflow for long ones.
    return stretch.planned.from + length / of * part + length % of * part / of;
  };
  std::vector<Stretch> result;
  for (std::int64_t part = 0; part < of; ++part)
    result.push_back({stretch.interval, {at(part), at(part + 1)}, stretch.shift});
  return result;
}

}  // namespace ebb::sources::openadr
