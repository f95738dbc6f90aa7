#include "sources/series/series.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "throttle/schedule/time_zone.h"

namespace ebb::sources {
namespace {

using throttle::Signal;
using throttle::WallTime;

constexpr std::chrono::hours kKept{24};
/// Of the past, however short they are: polled values may last seconds.
constexpr std::size_t kMaxPast = 2000;

std::string reason(const Thresholds& thresholds, const Wording& wording, double highest) {
  std::string text = wording.noun + " up to " + number_text(highest) + ' ' + wording.unit + ": ";
  return highest > thresholds.off_above
             ? text + "above " + number_text(thresholds.off_above)
             : text + "not yet below " + number_text(thresholds.on_below);
}

}  // namespace

std::string number_text(double value) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 6);
  return {text.data(), end.ptr};
}

void Series::publish(std::span<const Interval> intervals) {
  for (Interval interval : intervals) {
    interval.from = std::max(interval.from, past_.end);
    if (interval.from < interval.until) insert(interval);
  }
  while (intervals_.size() > kMaxIntervals)
    intervals_.erase(std::prev(intervals_.end()));
}

void Series::insert(const Interval& interval) {
  auto at = intervals_.lower_bound(interval.from);
  if (at != intervals_.begin()) {
    Interval& before = std::prev(at)->second;
    if (before.until > interval.until) {
      intervals_.emplace(interval.until, Interval{interval.until, before.until, before.value});
    }
    before.until = std::min(before.until, interval.from);
  }
  at = intervals_.lower_bound(interval.from);
  while (at != intervals_.end() && at->first < interval.until) {
    Interval rest = at->second;
    at = intervals_.erase(at);
    if (rest.until <= interval.until) continue;
    rest.from = interval.until;
    intervals_.emplace(rest.from, rest);
    break;
  }
  intervals_.emplace(interval.from, interval);
}

WallTime Series::carried(Intervals::const_iterator interval) const {
  const WallTime until = interval->second.until;
  if (until > kOpenEnd - carry_) return until;
  const auto next = std::next(interval);
  return next == intervals_.end() ? until + carry_ : std::min(until + carry_, next->first);
}

void Series::judge(const Thresholds& thresholds, const Interval& interval, Past& past) {
  if (interval.from != past.end) {
    past.above = past.below = 0;
    past.stretch.reset();
  }
  past.end = interval.until;
  past.above = interval.value > thresholds.off_above ? past.above + 1 : 0;
  past.below = interval.value < thresholds.on_below ? past.below + 1 : 0;
  if (past.above >= thresholds.off_after) past.off = true;
  if (past.below >= thresholds.on_after) past.off = false;
  if (thresholds.off_at_once_above && interval.value > *thresholds.off_at_once_above) {
    past.off = true;
  }
  if (!past.off) {
    past.stretch.reset();
    return;
  }
  if (!past.stretch) past.stretch = Stretch{interval.from, interval.until, interval.value};
  past.stretch->until = interval.until;
  past.stretch->highest = std::max(past.stretch->highest, interval.value);
}

Outlook Series::look(const Thresholds& thresholds, const Wording& wording, WallTime now) {
  Outlook outlook;
  std::vector<Stretch> stretches;
  Past past = past_;
  auto keep = intervals_.begin();
  auto left = static_cast<std::size_t>(std::distance(keep, intervals_.upper_bound(now)));
  for (auto it = intervals_.begin(); it != intervals_.end(); ++it) {
    const Interval interval{it->first, carried(it), it->second.value};
    judge(thresholds, interval, past);
    if (interval.until > now) {
      if (interval.from <= now) outlook.now = interval;
      if (outlook.now && interval.from <= outlook.known_until.value_or(now)) {
        outlook.known_until = interval.until;
      }
      if (past.stretch) {
        if (stretches.empty() || stretches.back().from != past.stretch->from) {
          stretches.push_back(*past.stretch);
        }
        stretches.back() = *past.stretch;
      }
    } else if (interval.until < now - kKept || left > kMaxPast) {
      past_ = past;
      keep = std::next(it);
      --left;
    }
    if (stretches.size() > kMaxCaps) break;
  }
  intervals_.erase(intervals_.begin(), keep);
  if (stretches.size() > kMaxCaps) stretches.resize(kMaxCaps);
  for (const Stretch& stretch : stretches) {
    Signal cap;
    cap.id = stretch.from == kOpenBegin ? "off" : "off " + throttle::utc_text(stretch.from);
    cap.cap = thresholds.cap;
    cap.valid_from = std::max(stretch.from, WallTime());
    if (stretch.until != kOpenEnd) cap.valid_until = stretch.until;
    cap.reason = reason(thresholds, wording, stretch.highest);
    outlook.caps.push_back(std::move(cap));
  }
  return outlook;
}

}  // namespace ebb::sources
