#include "throttle/schedule/schedule.h"

#include <algorithm>
#include <set>
#include <utility>

#include "throttle/schedule/calendar.h"
#include "throttle/schedule/first_signals.h"
#include "throttle/schedule/time_zone.h"

namespace ebb::throttle {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

/// What can be asked for.
constexpr WallTime kBegin{sys_days(year(1601) / 1 / 1)};
constexpr WallTime kEnd{sys_days(year(10'000) / 1 / 1)};

/// A local time differs from UTC by less.
constexpr days kZoneMargin{2};

/// A window with its zone found and all its parts checked.
struct Window {
  ScheduleWindow settings;
  TimeZone zone;

  void add(FirstSignals& signals, WallTime from, std::optional<WallTime> until) const {
    Signal signal;
    signal.source = Schedule::kSource;
    signal.id = settings.name + "/" + utc_text(from);
    signal.cap = settings.cap;
    signal.signal_class = settings.signal_class;
    signal.valid_from = from;
    signal.valid_until = until;
    signal.reason = settings.reason.empty() ? settings.name : settings.reason;
    signals.add(std::move(signal));
  }
};

local_seconds at(const LocalTime& time) {
  return local_days(time.date) + time.of_day;
}

void add_span(const Window& window, const DatedSpan& span, FirstSignals& signals) {
  std::optional<WallTime> until;
  if (span.until) until = window.zone.moment(at(*span.until));
  window.add(signals, window.zone.moment(at(span.from)), until);
}

void add_span(const Window& window, const WeeklySpan& span, FirstSignals& signals) {
  const auto local_day = [](WallTime time) {
    return local_days(floor<days>(time).time_since_epoch());
  };
  // Those that began the day before may last into the first day.
  local_days day = local_day(signals.from()) - kZoneMargin - days(1);
  if (span.first) day = std::max(day, local_days(*span.first));
  local_days last = local_day(signals.to()) + kZoneMargin;
  if (span.last) last = std::min(last, local_days(*span.last));
  const auto contains = [](const auto& list, auto value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  for (std::size_t left = signals.most(); day <= last && left > 0; day += days(1)) {
    if (!span.days.empty() && !contains(span.days, std::chrono::weekday(day))) continue;
    if (contains(span.except, year_month_day(day))) continue;
    const local_days end_day = span.until > span.from ? day : day + days(1);
    const WallTime from = window.zone.moment(day + span.from);
    const WallTime until = window.zone.moment(end_day + span.until);
    if (from >= signals.to()) return;
    if (until <= signals.from() || until <= from) continue;
    window.add(signals, from, until);
    --left;
  }
}

const char* fault(const DatedSpan& span, const TimeZone& zone) {
  if (!to_local(span.from)) return "begins at no such date or time";
  if (!span.until) return nullptr;
  if (!to_local(*span.until)) return "ends at no such date or time";
  if (zone.moment(at(*span.until)) <= zone.moment(at(span.from))) return "ends before it begins";
  return nullptr;
}

const char* fault(const WeeklySpan& span, const TimeZone&) {
  const auto is_date = [](const year_month_day& date) { return date.ok(); };
  const auto is_weekday = [](std::chrono::weekday day) { return day.ok(); };
  if (span.from < 0min || span.from >= 24h) return "begins at no such time of day";
  if (span.until < 0min || span.until > 24h) return "ends at no such time of day";
  if (!std::all_of(span.days.begin(), span.days.end(), is_weekday)) return "has no such weekday";
  if (!is_date(span.first.value_or(year(2000) / 1 / 1)) ||
      !is_date(span.last.value_or(year(2000) / 1 / 1)) ||
      !std::all_of(span.except.begin(), span.except.end(), is_date)) {
    return "has no such date";
  }
  return nullptr;
}

tl::expected<Window, std::string> check(ScheduleWindow settings) {
  const auto error = [&](std::string_view what) {
    return tl::unexpected("schedule '" + settings.name + "': " + std::string(what));
  };
  const auto zone = TimeZone::find(settings.zone);
  if (!zone) return error(zone.error());
  const char* what =
      std::visit([&](const auto& span) { return fault(span, *zone); }, settings.span);
  if (what != nullptr) return error(what);
  Window window{std::move(settings), *zone};
  FirstSignals any(kBegin, kEnd, 1);
  std::visit([&](const auto& span) { add_span(window, span, any); }, window.settings.span);
  if (any.take().empty()) {
    return tl::unexpected("schedule '" + window.settings.name + "' never stands");
  }
  return window;
}

}  // namespace

struct Schedule::Impl {
  std::vector<Window> windows;
  std::vector<Calendar> calendars;
};

Schedule::Schedule(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Schedule::Schedule(Schedule&&) noexcept = default;
Schedule& Schedule::operator=(Schedule&&) noexcept = default;
Schedule::~Schedule() = default;

tl::expected<Schedule, std::string> Schedule::read(std::vector<ScheduleWindow> windows,
                                                   std::vector<CalendarFile> calendars) {
  auto impl = std::make_unique<Impl>();
  std::set<std::string> names;
  const auto name_fault = [&](const std::string& kind,
                              const std::string& name) -> std::optional<std::string> {
    const std::string named = kind + " '" + name + "'";
    // The name is the first part of an id, which slashes divide.
    if (name.empty() || name.find('/') != std::string::npos) return named + ": no name without /";
    if (!names.insert(name).second) return named + ": another has the same name";
    return std::nullopt;
  };
  for (ScheduleWindow& window : windows) {
    if (auto fault = name_fault("schedule", window.name)) return tl::unexpected(std::move(*fault));
    auto checked = check(std::move(window));
    if (!checked) return tl::unexpected(checked.error());
    impl->windows.push_back(std::move(*checked));
  }
  for (const CalendarFile& file : calendars) {
    if (auto fault = name_fault("calendar", file.name)) return tl::unexpected(std::move(*fault));
    auto calendar = Calendar::read(file);
    if (!calendar) return tl::unexpected(calendar.error());
    impl->calendars.push_back(std::move(*calendar));
  }
  return Schedule(std::move(impl));
}

std::vector<Signal> Schedule::signals(WallTime from, WallTime to, std::size_t most) const {
  from = std::max(from, kBegin);
  to = std::min(to, kEnd);
  if (from >= to || most == 0) return {};
  FirstSignals first(from, to, most);
  for (const Window& window : impl_->windows) {
    std::visit([&](const auto& span) { add_span(window, span, first); }, window.settings.span);
  }
  for (const Calendar& calendar : impl_->calendars)
    calendar.add_to(first);
  return first.take();
}

}  // namespace ebb::throttle
