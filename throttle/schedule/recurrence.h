#pragma once
// Recurrence rules of RFC 5545, 3.3.10, in local time.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace ebb::throttle {

enum class Frequency { hourly, daily, weekly, monthly, yearly };

/// A weekday, or the n-th one of the month or year; from its end where negative.
struct NthWeekday {
  std::chrono::weekday day;
  int nth = 0;  ///< 0: every one
};

struct RecurrenceRule {
  Frequency frequency = Frequency::yearly;
  int interval = 1;
  std::chrono::weekday week_start = std::chrono::Monday;
  // Negative ones count from the end. Empty: as the first occurrence has it.
  std::vector<int> months, week_numbers, year_days, month_days, hours, minutes, seconds;
  std::vector<NthWeekday> weekdays;
  std::vector<int> positions;  ///< which of a period's occurrences; empty: all
};

/// The occurrences of a rule. libical's own iterator is not used: version 3.0.16 loses occurrences
/// of valid rules (YEARLY;BYMONTHDAY=4, DAILY;BYMONTHDAY=-1), ignores BYSETPOS in weeks and days,
/// and searches for more than 6 s where HOURLY;BYMONTH=2;BYMONTHDAY=30 has none.
class Recurrence {
 public:
  /// No occurrence begins at this time or later.
  static constexpr std::chrono::local_days kEnd{std::chrono::year(10'000) / 1 / 1};

  /// A rule may ask for so many occurrences a day.
  static constexpr std::size_t kMaxPerDay = 288;

  /// The error says what RFC 5545 forbids in the rule, or that it recurs too often.
  static tl::expected<Recurrence, std::string> make(RecurrenceRule rule,
                                                    std::chrono::local_seconds first);

  /// Gives `visit` the occurrences in [from, to), ascending, until it returns false or `steps`,
  /// counted down, is used up: one for each day (or hour, of an hourly rule) looked at.
  template <class Visit>
  void for_each(std::chrono::local_seconds from, std::chrono::local_seconds to, std::size_t& steps,
                Visit&& visit) const {
    from = std::max(from, first_);
    to = std::min<std::chrono::local_seconds>(to, kEnd);
    std::vector<std::chrono::local_seconds> found;
    for (Period period = period_of(from); period.begin < to; period = next(period)) {
      found.clear();
      if (!search(period, steps, found)) return;
      for (const std::chrono::local_seconds time : found) {
        if (time >= from && (time >= to || !visit(time))) return;
      }
    }
  }

 private:
  /// What INTERVAL counts: [begin, end), begun with the first one's.
  struct Period {
    long long number = 0;
    std::chrono::local_seconds begin, end;
  };

  Recurrence(RecurrenceRule rule, std::chrono::local_seconds first);

  Period numbered(long long number) const;
  long long number_of(std::chrono::local_seconds time) const;
  Period next(const Period& period) const { return numbered(period.number + rule_.interval); }
  /// The period in which `time` lies, or the last before it that the interval does not skip.
  Period period_of(std::chrono::local_seconds time) const;
  /// Adds the period's occurrences. False when there are no steps left.
  bool search(const Period& period, std::size_t& steps,
              std::vector<std::chrono::local_seconds>& found) const;
  bool has_day(std::chrono::local_days day) const;

  RecurrenceRule rule_;
  std::chrono::local_seconds first_;
  std::vector<std::chrono::seconds> times_;  ///< of a day, or of an hour, ascending
};

}  // namespace ebb::throttle
