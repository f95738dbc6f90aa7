#include "throttle/schedule/recurrence.h"

#include <algorithm>
#include <utility>

namespace ebb::throttle {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::year;
using std::chrono::year_month_day;

bool contains(const std::vector<int>& values, int value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// Whether the `number`-th (from 1) of `count` is asked for, from the beginning or from the end.
bool contains_nth(const std::vector<int>& values, int number, int count) {
  return contains(values, number) || contains(values, number - count - 1);
}

bool all_within(const std::vector<int>& values, int least, int most) {
  return std::all_of(values.begin(), values.end(),
                     [&](int value) { return value >= least && value <= most; });
}

bool all_within_either_way(const std::vector<int>& values, int most) {
  return all_within(values, -most, most) && !contains(values, 0);
}

const char* fault(const RecurrenceRule& rule) {
  const Frequency frequency = rule.frequency;
  const bool yearly = frequency == Frequency::yearly;
  const bool has_nth = std::any_of(rule.weekdays.begin(), rule.weekdays.end(),
                                   [](const NthWeekday& it) { return it.nth != 0; });
  if (rule.interval < 1) return "INTERVAL is out of range";
  if (!all_within(rule.months, 1, 12)) return "BYMONTH is out of range";
  if (!all_within(rule.hours, 0, 23)) return "BYHOUR is out of range";
  if (!all_within(rule.minutes, 0, 59)) return "BYMINUTE is out of range";
  if (!all_within(rule.seconds, 0, 59)) return "BYSECOND is out of range";
  if (!all_within_either_way(rule.week_numbers, 53)) return "BYWEEKNO is out of range";
  if (!all_within_either_way(rule.year_days, 366)) return "BYYEARDAY is out of range";
  if (!all_within_either_way(rule.month_days, 31)) return "BYMONTHDAY is out of range";
  if (!all_within_either_way(rule.positions, 366)) return "BYSETPOS is out of range";
  if (!rule.week_numbers.empty() && !yearly) return "BYWEEKNO needs FREQ=YEARLY";
  if (!rule.year_days.empty() && !yearly && frequency != Frequency::hourly) {
    return "BYYEARDAY needs FREQ=YEARLY";
  }
  if (!rule.month_days.empty() && frequency == Frequency::weekly) {
    return "BYMONTHDAY does not go with FREQ=WEEKLY";
  }
  if (has_nth && !yearly && frequency != Frequency::monthly) {
    return "a numbered BYDAY needs FREQ=MONTHLY or YEARLY";
  }
  if (has_nth && !rule.week_numbers.empty()) return "a numbered BYDAY does not go with BYWEEKNO";
  return nullptr;
}

/// [begin, end)
struct Span {
  local_days begin, end;

  /// Whether, counted in blocks of `length` from either side, `day` is in one of those asked for.
  bool has_nth(const std::vector<int>& numbers, local_days day, int length) const {
    const auto from_begin = (day - begin).count() / length + 1;
    const auto from_end = (end - days(1) - day).count() / length + 1;
    return contains(numbers, static_cast<int>(from_begin)) ||
           contains(numbers, static_cast<int>(-from_end));
  }
};

Span month_of(year_month_day date) {
  const std::chrono::year_month month(date.year(), date.month());
  return {local_days(month / 1), local_days((month + std::chrono::months(1)) / 1)};
}

local_days week_begin(local_days day, std::chrono::weekday week_start) {
  return day - (std::chrono::weekday(day) - week_start);
}

/// Whole weeks, of which the first is the first with four days in the year.
Span week_year(year number, std::chrono::weekday week_start) {
  return {week_begin(local_days(number / 1 / 4), week_start),
          week_begin(local_days((number + std::chrono::years(1)) / 1 / 4), week_start)};
}

/// The year that the day's week belongs to: the one of its fourth day.
year week_year_of(local_days day, std::chrono::weekday week_start) {
  return year_month_day(week_begin(day, week_start) + days(3)).year();
}

/// What the rule leaves open is as the first occurrence has it.
void complete(RecurrenceRule& rule, local_seconds first) {
  const local_days day = floor<days>(first);
  const year_month_day date(day);
  const std::chrono::hh_mm_ss clock(first - day);
  const auto set = [](std::vector<int>& values, auto value) {
    if (values.empty()) values.push_back(static_cast<int>(value));
  };
  if (rule.frequency != Frequency::hourly) set(rule.hours, clock.hours().count());
  set(rule.minutes, clock.minutes().count());
  set(rule.seconds, clock.seconds().count());

  if (!rule.weekdays.empty() || !rule.month_days.empty() || !rule.year_days.empty()) return;
  const bool of_weeks = !rule.week_numbers.empty();
  if (rule.frequency == Frequency::weekly || of_weeks) {
    rule.weekdays.push_back({std::chrono::weekday(day)});
  } else if (rule.frequency == Frequency::monthly || rule.frequency == Frequency::yearly) {
    if (rule.frequency == Frequency::yearly) set(rule.months, static_cast<unsigned>(date.month()));
    set(rule.month_days, static_cast<unsigned>(date.day()));
  }
}

}  // namespace

tl::expected<Recurrence, std::string> Recurrence::make(RecurrenceRule rule, local_seconds first) {
  if (const char* what = fault(rule)) return tl::unexpected<std::string>(what);
  Recurrence recurrence(std::move(rule), first);
  const std::size_t periods = recurrence.rule_.frequency == Frequency::hourly ? 24 : 1;
  if (recurrence.times_.size() * periods > kMaxPerDay) {
    return tl::unexpected<std::string>("recurs too often");
  }
  return recurrence;
}

Recurrence::Recurrence(RecurrenceRule rule, local_seconds first)
    : rule_(std::move(rule)), first_(first) {
  complete(rule_, first_);
  const bool hourly = rule_.frequency == Frequency::hourly;
  for (const int hour : hourly ? std::vector<int>{0} : rule_.hours) {
    for (const int minute : rule_.minutes) {
      for (const int second : rule_.seconds) {
        times_.push_back(std::chrono::hours(hour) + std::chrono::minutes(minute) +
                         std::chrono::seconds(second));
      }
    }
  }
  std::sort(times_.begin(), times_.end());
  times_.erase(std::unique(times_.begin(), times_.end()), times_.end());
}

Recurrence::Period Recurrence::numbered(long long number) const {
  const auto of = [number](Span span) { return Period{number, span.begin, span.end}; };
  // Where an interval goes beyond the end, its years may be more than a date can hold.
  const auto bounded = [](long long y) {
    return year(static_cast<int>(std::min<long long>(y, 10'000)));
  };
  switch (rule_.frequency) {
    case Frequency::yearly: {
      const year y = bounded(number);
      if (!rule_.week_numbers.empty()) return of(week_year(y, rule_.week_start));
      return of({local_days(y / 1 / 1), local_days((y + std::chrono::years(1)) / 1 / 1)});
    }
    case Frequency::monthly:
      return of(month_of(bounded(number / 12) /
                         std::chrono::month(static_cast<unsigned>(number % 12) + 1) / 1));
    case Frequency::weekly: {
      const local_days begin = week_begin(local_days(days(7 * number + 6)), rule_.week_start);
      return of({begin, begin + days(7)});
    }
    case Frequency::daily:
      return of({local_days(days(number)), local_days(days(number + 1))});
    case Frequency::hourly:
      break;
  }
  return {number, local_seconds(std::chrono::hours(number)),
          local_seconds(std::chrono::hours(number + 1))};
}

long long Recurrence::number_of(local_seconds time) const {
  const local_days day = floor<days>(time);
  const year_month_day date(day);
  switch (rule_.frequency) {
    case Frequency::yearly:
      if (!rule_.week_numbers.empty()) {
        return static_cast<int>(week_year_of(day, rule_.week_start));
      }
      return static_cast<int>(date.year());
    case Frequency::monthly:
      return 12LL * static_cast<int>(date.year()) + static_cast<unsigned>(date.month()) - 1;
    case Frequency::weekly:
      return floor<std::chrono::weeks>(week_begin(day, rule_.week_start).time_since_epoch())
          .count();
    case Frequency::daily:
      return day.time_since_epoch().count();
    case Frequency::hourly:
      break;
  }
  return floor<std::chrono::hours>(time).time_since_epoch().count();
}

Recurrence::Period Recurrence::period_of(local_seconds time) const {
  const long long number = number_of(time);
  return numbered(number - (number - number_of(first_)) % rule_.interval);
}

bool Recurrence::search(const Period& period, std::size_t& steps,
                        std::vector<local_seconds>& found) const {
  for (local_days day = floor<days>(period.begin); day < period.end; day += days(1)) {
    if (steps == 0) return false;
    --steps;
    if (!has_day(day)) continue;
    if (rule_.frequency == Frequency::hourly) {
      const auto hour = floor<std::chrono::hours>(period.begin - day).count();
      if (!rule_.hours.empty() && !contains(rule_.hours, static_cast<int>(hour))) continue;
    }
    const local_seconds base = std::max<local_seconds>(day, period.begin);
    for (const std::chrono::seconds time : times_)
      found.push_back(base + time);
  }
  if (!rule_.positions.empty()) {
    const int count = static_cast<int>(found.size());
    int number = 0;
    std::erase_if(found,
                  [&](local_seconds) { return !contains_nth(rule_.positions, ++number, count); });
  }
  return true;
}

bool Recurrence::has_day(local_days day) const {
  const year_month_day date(day);
  const int month = static_cast<int>(static_cast<unsigned>(date.month()));
  if (!rule_.months.empty() && !contains(rule_.months, month)) return false;

  const Span of_month = month_of(date);
  const Span of_year{local_days(date.year() / 1 / 1),
                     local_days((date.year() + std::chrono::years(1)) / 1 / 1)};
  if (!rule_.month_days.empty() && !of_month.has_nth(rule_.month_days, day, 1)) return false;
  if (!rule_.year_days.empty() && !of_year.has_nth(rule_.year_days, day, 1)) return false;
  if (!rule_.week_numbers.empty() &&
      !week_year(week_year_of(day, rule_.week_start), rule_.week_start)
           .has_nth(rule_.week_numbers, day, 7)) {
    return false;
  }
  if (rule_.weekdays.empty()) return true;
  const bool in_months = rule_.frequency == Frequency::monthly || !rule_.months.empty();
  return std::any_of(rule_.weekdays.begin(), rule_.weekdays.end(), [&](const NthWeekday& it) {
    if (it.day != std::chrono::weekday(day)) return false;
    return it.nth == 0 || (in_months ? of_month : of_year).has_nth({it.nth}, day, 7);
  });
}

}  // namespace ebb::throttle
