#include "sources/openadr/report_schedule.h"

#include <algorithm>
#include <limits>

namespace ebb::sources::openadr {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max() / 4;

/// The intervals of an event, counted from 0 on through all its passes.
class Numbered {
 public:
  Numbered(const Event& event, const TimelineSettings& settings) : event_(event) {
    pass_ = one_pass(event, settings);
    if (pass_.empty() && event.period && event.intervals.empty()) imply(settings);
    if (pass_.empty()) return;
    for (const Stretch& stretch : pass_) {
      whole_.from = std::min(whole_.from, stretch.planned.from);
      whole_.until = std::max(whole_.until, stretch.planned.until);
    }
    const auto size = static_cast<std::int64_t>(pass_.size());
    count_ = size;
    if (whole_.until >= kForever) return;
    const milliseconds length = whole_.until - whole_.from;
    if (implied_) count_ = kNoEnd;
    if (event.duration && !event.duration->is_zero()) {
      const WallTime end = later(whole_.from, *event.duration);
      if (end > whole_.until)
        count_ = end >= kForever ? kNoEnd : (end - whole_.from) / length * size;
    }
  }

  std::int64_t count() const { return count_; }
  std::int64_t in_a_pass() const { return static_cast<std::int64_t>(pass_.size()); }

  ReportedInterval at(std::int64_t index) const {
    const Stretch& stretch = pass_[static_cast<std::size_t>(index % in_a_pass())];
    const std::int64_t passes = index / in_a_pass();
    const milliseconds by = passes * (whole_.until - whole_.from) + stretch.shift;
    const std::int64_t id = implied_ ? index : event_.intervals[stretch.interval].id;
    const WallTime until =
        stretch.planned.until >= kForever ? kForever : stretch.planned.until + by;
    return {id, {stretch.planned.from + by, until}};
  }

  /// How many have ended, or have begun, by `now`: all before the first that has not.
  std::int64_t passed(WallTime now, bool begun) const {
    if (pass_.empty()) return 0;
    std::int64_t index = 0;
    if (count_ > in_a_pass() && now > whole_.from) {
      index = std::max<std::int64_t>((now - whole_.from) / (whole_.until - whole_.from) - 1, 0) *
              in_a_pass();
    }
    for (; index < count_; ++index) {
      const Span span = at(index).span;
      if ((begun ? span.from : span.until) > now) break;
    }
    return std::min(index, count_);
  }

 private:
  /// An event that only asks for reports may leave its intervals to its period.
  void imply(const TimelineSettings& settings) {
    Event with_one = event_;
    with_one.intervals.emplace_back();
    pass_ = one_pass(with_one, settings);
    implied_ = !pass_.empty() && pass_.front().planned.until < kForever;
    if (!implied_) pass_.clear();
  }

  const Event& event_;
  std::vector<Stretch> pass_;
  Span whole_{WallTime::max(), WallTime::min()};
  std::int64_t count_ = 0;
  bool implied_ = false;
};

std::optional<DueReport> due_ad_hoc(const ReportsSent& sent, WallTime now) {
  if (sent.number >= 0 && now - sent.at < kAdHoc) return std::nullopt;
  const WallTime from = sent.number >= 0 ? sent.at : now - kAdHoc;
  return DueReport{sent.number + 1, {{0, {from, now}}}};
}

bool is_over(const Numbered& intervals, WallTime now) {
  return intervals.count() > 0 && intervals.passed(now, false) >= intervals.count();
}

}  // namespace

std::optional<DueReport> due_report(const Event& event, const ReportDescriptor& descriptor,
                                    const TimelineSettings& settings, const ReportsSent& sent,
                                    WallTime now) {
  const Numbered intervals(event, settings);
  if (descriptor.frequency == 0 || intervals.count() == 0) {
    return is_over(intervals, now) ? std::nullopt : due_ad_hoc(sent, now);
  }
  const std::int64_t size = intervals.in_a_pass();
  const auto at_most_all = [](std::int64_t number) { return std::min(number, kNoEnd); };
  const bool sets_frequency = descriptor.frequency > 0;
  const std::int64_t every = sets_frequency ? at_most_all(descriptor.frequency) : size;
  const std::int64_t covers =
      descriptor.num_intervals > 0 ? at_most_all(descriptor.num_intervals) : every;
  std::int64_t first = descriptor.historical ? every - 1 : 0;
  if (descriptor.start_interval >= 0) first = at_most_all(descriptor.start_interval);

  const std::int64_t passed = intervals.passed(now, !descriptor.historical);
  if (passed <= first) return std::nullopt;
  std::int64_t number = (passed - 1 - first) / every;
  if (descriptor.repeat >= 0) {
    number = std::min(number, std::max<std::int64_t>(descriptor.repeat, 1) - 1);
  }
  if (number <= sent.number) return std::nullopt;
  const std::int64_t anchor = first + number * every;
  const std::int64_t begin =
      descriptor.historical ? std::max<std::int64_t>(anchor - covers + 1, 0) : anchor;
  const std::int64_t end =
      std::min(descriptor.historical ? anchor + 1 : anchor + covers, intervals.count());
  DueReport due{number, {}};
  const auto most = static_cast<std::int64_t>(kMaxReportIntervals);
  for (std::int64_t i = std::max(begin, end - most); i < end; ++i)
    due.intervals.push_back(intervals.at(i));
  return due;
}

}  // namespace ebb::sources::openadr
