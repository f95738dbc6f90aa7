#include "throttle/schedule/schedule.h"

#include "tests/unit/catch.h"
#include "throttle/schedule/time_zone.h"

using namespace ebb::throttle;
using namespace std::chrono_literals;
using std::chrono::Monday;
using std::chrono::Saturday;
using std::chrono::Sunday;
using std::chrono::Tuesday;
using std::chrono::year;

namespace {

WallTime utc(std::string_view time) {
  return *parse_time(time, "UTC");
}

/// "2022-01-24T18:00:00Z 2022-01-25T06:00:00Z", one for each signal.
std::vector<std::string> spans(const std::vector<Signal>& signals) {
  std::vector<std::string> result;
  for (const Signal& signal : signals) {
    result.push_back(utc_text(signal.valid_from) + " " +
                     (signal.valid_until ? utc_text(*signal.valid_until) : "open"));
  }
  return result;
}

ScheduleWindow weekly(std::string zone, WeeklySpan span) {
  return {"night",         DutyCap{0.25},   SignalClass::economic,
          std::move(zone), std::move(span), "tariff"};
}

ScheduleWindow dated(std::string zone, LocalTime from, std::optional<LocalTime> until) {
  return {"grid", DutyCap{0}, SignalClass::mandatory, std::move(zone), DatedSpan{from, until},
          "KEGOC"};
}

std::vector<Signal> signals_of(ScheduleWindow window, std::string_view from, std::string_view to,
                               std::size_t most = 100) {
  const auto schedule = Schedule::read({std::move(window)}, {});
  REQUIRE(schedule);
  return schedule->signals(utc(from), utc(to), most);
}

std::string error_of(std::vector<ScheduleWindow> windows) {
  const auto schedule = Schedule::read(std::move(windows), {});
  return schedule ? "none" : schedule.error();
}

}  // namespace

TEST_CASE("schedule: a dated window to 24:00 on the 31st, in the zone's time of then") {
  const auto signals = signals_of(
      dated("Asia/Almaty", {year(2022) / 1 / 24, 0min}, LocalTime{year(2022) / 1 / 31, 24h}),
      "2022-01-01", "2023-01-01");
  REQUIRE(signals.size() == 1);
  const Signal& signal = signals[0];
  CHECK(signal.source == "schedule");
  CHECK(signal.id == "grid/2022-01-23T18:00:00Z");
  CHECK(signal.cap == Cap(DutyCap{0}));
  CHECK(signal.signal_class == SignalClass::mandatory);
  CHECK(signal.valid_from == utc("2022-01-23T18:00"));
  CHECK(signal.valid_until == utc("2022-01-31T18:00"));
  CHECK(signal.reason == "KEGOC");
  CHECK(signal.sequence == 0);
  CHECK(signal.received_at == WallTime());
}

TEST_CASE("schedule: a window that is extended keeps its id") {
  const LocalTime from{year(2022) / 1 / 24, 0min};
  const auto before = signals_of(dated("Asia/Almaty", from, LocalTime{year(2022) / 1 / 31, 24h}),
                                 "2022-01-01", "2023-01-01");
  const auto after = signals_of(dated("Asia/Almaty", from, LocalTime{year(2022) / 2 / 7, 0h}),
                                "2022-01-01", "2023-01-01");
  CHECK(before.at(0).id == after.at(0).id);
  CHECK(*before.at(0).valid_until < *after.at(0).valid_until);
}

TEST_CASE("schedule: a window without an end") {
  const auto window = dated("Asia/Almaty", {year(2022) / 1 / 24, 9h}, std::nullopt);
  CHECK(spans(signals_of(window, "2040-01-01", "2040-01-02")) ==
        std::vector<std::string>{"2022-01-24T03:00:00Z open"});
  CHECK(signals_of(window, "2022-01-01", "2022-01-24T03:00").empty());
}

TEST_CASE("schedule: what overlaps the time asked for, ends excluded") {
  const auto window =
      dated("UTC", {year(2022) / 1 / 24, 0min}, LocalTime{year(2022) / 1 / 31, 0min});
  CHECK(signals_of(window, "2022-01-30T23:59", "2022-02-01").size() == 1);
  CHECK(signals_of(window, "2022-01-31", "2022-02-01").empty());
  CHECK(signals_of(window, "2022-01-23", "2022-01-24").empty());
  CHECK(signals_of(window, "2022-01-23", "2022-01-24T00:00:01").size() == 1);
  CHECK(signals_of(window, "2022-01-25", "2022-01-25").empty());
  CHECK(signals_of(window, "2022-01-26", "2022-01-25").empty());
  CHECK(signals_of(window, "2022-01-25", "2022-01-26", 0).empty());
}

TEST_CASE("schedule: chosen weekdays, first and last day, exceptions") {
  WeeklySpan span;
  span.days = {Monday, Saturday};
  span.from = 8h;
  span.until = 10h + 30min;
  span.first = year(2022) / 1 / 4;  // a Tuesday
  span.last = year(2022) / 1 / 24;  // a Monday
  span.except = {year(2022) / 1 / 10, year(2022) / 1 / 12};
  CHECK(spans(signals_of(weekly("UTC", span), "2021-01-01", "2023-01-01")) ==
        std::vector<std::string>{"2022-01-08T08:00:00Z 2022-01-08T10:30:00Z",
                                 "2022-01-15T08:00:00Z 2022-01-15T10:30:00Z",
                                 "2022-01-17T08:00:00Z 2022-01-17T10:30:00Z",
                                 "2022-01-22T08:00:00Z 2022-01-22T10:30:00Z",
                                 "2022-01-24T08:00:00Z 2022-01-24T10:30:00Z"});
  CHECK(signals_of(weekly("UTC", span), "2022-01-01", "2022-02-01").at(0).id ==
        "night/2022-01-08T08:00:00Z");
}

TEST_CASE("schedule: a night belongs to the day on which it begins") {
  WeeklySpan span;
  span.days = {Sunday};
  span.from = 22h;
  span.until = 6h;
  span.last = year(2022) / 1 / 9;
  const auto window = weekly("Asia/Almaty", span);
  CHECK(spans(signals_of(window, "2022-01-03", "2022-02-01")) ==
        std::vector<std::string>{"2022-01-09T16:00:00Z 2022-01-10T00:00:00Z"});
  CHECK(signals_of(weekly("Pacific/Auckland", span), "2022-01-09T16:00", "2022-01-10").size() == 1);
  span.last = year(2022) / 1 / 1;
  span.days = {Saturday};
  CHECK(signals_of(weekly("America/New_York", span), "2022-01-02T10:00", "2022-01-03").size() == 1);
  // It is found by its last hour too.
  CHECK(signals_of(window, "2022-01-09T23:30", "2022-01-10").size() == 1);
  CHECK(signals_of(window, "2022-01-10", "2022-01-16").empty());
}

TEST_CASE("schedule: an end at the beginning is 24 hours later") {
  WeeklySpan span;
  span.days = {Monday};
  span.from = span.until = 6h;
  CHECK(spans(signals_of(weekly("UTC", span), "2022-01-05", "2022-01-12")) ==
        std::vector<std::string>{"2022-01-10T06:00:00Z 2022-01-11T06:00:00Z"});
}

TEST_CASE("schedule: days on end leave no gap, whatever the clocks do") {
  for (const char* zone : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                           "Asia/Almaty", "America/Sao_Paulo", "Asia/Beirut"}) {
    CAPTURE(zone);
    const auto days = signals_of(weekly(zone, WeeklySpan{}), "2016-01-01", "2026-01-01", 10'000);
    CHECK(days.size() > 3650);
    for (std::size_t i = 0; i + 1 < days.size(); ++i) {
      if (days[i].valid_until != days[i + 1].valid_from) FAIL(days[i].id);
    }
  }
}

TEST_CASE("schedule: a night over a clock change lasts 7 or 9 hours") {
  WeeklySpan span;
  span.days = {Saturday};
  span.from = 22h;
  span.until = 6h;
  const auto night = [&](const char* zone, const char* from, const char* to) {
    const auto signals = signals_of(weekly(zone, span), from, to);
    REQUIRE(signals.size() == 1);
    return *signals[0].valid_until - signals[0].valid_from;
  };
  CHECK(night("Europe/Berlin", "2022-03-19T12:00", "2022-03-20T12:00") == 8h);
  CHECK(night("Europe/Berlin", "2022-03-26T12:00", "2022-03-27T12:00") == 7h);
  CHECK(night("Europe/Berlin", "2022-10-29T12:00", "2022-10-30T12:00") == 9h);
  CHECK(night("America/New_York", "2022-03-12T18:00", "2022-03-13T18:00") == 7h);
  CHECK(night("America/New_York", "2022-11-05T18:00", "2022-11-06T18:00") == 9h);
  CHECK(night("Australia/Lord_Howe", "2022-04-02T06:00", "2022-04-03T06:00") == 8h + 30min);
  CHECK(night("Australia/Lord_Howe", "2022-10-01T06:00", "2022-10-02T06:00") == 7h + 30min);
}

TEST_CASE("schedule: a window that lies in a skipped hour is none on that day") {
  WeeklySpan span;
  span.from = 2h + 10min;
  span.until = 2h + 50min;
  CHECK(spans(signals_of(weekly("Europe/Berlin", span), "2022-03-26", "2022-03-29")) ==
        std::vector<std::string>{"2022-03-26T01:10:00Z 2022-03-26T01:50:00Z",
                                 "2022-03-28T00:10:00Z 2022-03-28T00:50:00Z"});
}

TEST_CASE("schedule: the first of many, by beginning, then id") {
  WeeklySpan hours;
  hours.from = 8h;
  hours.until = 10h;
  auto second = weekly("UTC", hours);
  second.name = "also";
  const auto schedule =
      Schedule::read({weekly("UTC", hours), second,
                      dated("UTC", {year(2022) / 1 / 1, 9h}, LocalTime{year(2022) / 1 / 3, 0h})},
                     {});
  const auto ids = [&](std::size_t most) {
    std::vector<std::string> result;
    for (const Signal& signal : schedule->signals(utc("2022-01-01"), utc("2030-01-01"), most))
      result.push_back(signal.id);
    return result;
  };
  CHECK(ids(4) ==
        std::vector<std::string>{"also/2022-01-01T08:00:00Z", "night/2022-01-01T08:00:00Z",
                                 "grid/2022-01-01T09:00:00Z", "also/2022-01-02T08:00:00Z"});
  CHECK(ids(2).size() == 2);
  const auto many = ids(3000);
  REQUIRE(many.size() == 3000);
  CHECK(many.back() == "also/2026-02-08T08:00:00Z");
}

TEST_CASE("schedule: what is refused, by the window's name") {
  const LocalTime from{year(2022) / 1 / 24, 9h};
  const auto with = [&](auto change) {
    auto window = dated("Asia/Almaty", from, LocalTime{year(2022) / 1 / 31, 0h});
    change(window);
    return error_of({window});
  };
  CHECK(with([](auto& it) { it.zone = "Asia/Almata"; }) ==
        "schedule 'grid': no time zone 'Asia/Almata'");
  CHECK(with([&](auto& it) {
          it.span = DatedSpan{from, from};
        }) == "schedule 'grid': ends before it begins");
  CHECK(with([&](auto& it) {
          it.span = DatedSpan{from, LocalTime{year(2022) / 1 / 23, 0h}};
        }) == "schedule 'grid': ends before it begins");
  CHECK(with([](auto& it) {
          it.span = DatedSpan{{year(2022) / 2 / 30, 0h}, {}};
        }) == "schedule 'grid': begins at no such date or time");
  CHECK(with([&](auto& it) {
          it.span = DatedSpan{from, LocalTime{year(2023) / 1 / 1, 25h}};
        }) == "schedule 'grid': ends at no such date or time");
  CHECK(with([](auto& it) { it.name = ""; }) == "schedule '': no name without /");
  CHECK(with([](auto& it) { it.name = "a/b"; }) == "schedule 'a/b': no name without /");
  const auto window = weekly("UTC", {});
  CHECK(error_of({window, window}) == "schedule 'night': another has the same name");

  const auto with_span = [&](auto change) {
    WeeklySpan span;
    change(span);
    return error_of({weekly("UTC", span)});
  };
  CHECK(with_span([](auto&) {}) == "none");
  CHECK(with_span([](auto& it) { it.from = 24h; }) ==
        "schedule 'night': begins at no such time of day");
  CHECK(with_span([](auto& it) { it.until = 24h + 1min; }) ==
        "schedule 'night': ends at no such time of day");
  CHECK(with_span([](auto& it) { it.days = {std::chrono::weekday(9)}; }) ==
        "schedule 'night': has no such weekday");
  CHECK(with_span([](auto& it) { it.except = {year(2022) / 2 / 30}; }) ==
        "schedule 'night': has no such date");
  CHECK(with_span([](auto& it) {
          it.first = year(2022) / 1 / 5;
          it.last = year(2022) / 1 / 4;
        }) == "schedule 'night' never stands");
  CHECK(with_span([](auto& it) {
          it.days = {Tuesday};
          it.first = it.last = year(2022) / 1 / 5;
        }) == "schedule 'night' never stands");
  CHECK(with_span([](auto& it) {
          it.first = it.last = year(2022) / 1 / 5;
          it.except = {year(2022) / 1 / 5};
        }) == "schedule 'night' never stands");
}
