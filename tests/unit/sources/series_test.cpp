#include "sources/series/series.h"

#include "tests/unit/catch.h"

using namespace ebb::sources;
using namespace std::chrono;
using ebb::throttle::Cap;
using ebb::throttle::DutyCap;
using ebb::throttle::Signal;
using ebb::throttle::WallTime;

namespace {

const WallTime kNoon = sys_days(2026y / February / 1) + 12h;
const Wording kWording{"price", "EUR/MWh"};

/// Quarters of an hour from `from` on; nothing: a gap.
std::vector<Interval> quarters(std::vector<std::optional<double>> values, WallTime from = kNoon) {
  std::vector<Interval> intervals;
  for (const auto& value : values) {
    if (value) intervals.push_back({from, from + 15min, *value});
    from += 15min;
  }
  return intervals;
}

Thresholds above(double off, double on) {
  Thresholds thresholds;
  thresholds.off_above = off;
  thresholds.on_below = on;
  return thresholds;
}

/// The caps in quarters after noon: {first, last + 1}.
std::vector<std::pair<int, int>> off(Series& series, const Thresholds& thresholds,
                                     WallTime now = kNoon) {
  std::vector<std::pair<int, int>> result;
  for (const Signal& cap : series.look(thresholds, kWording, now).caps) {
    result.emplace_back((cap.valid_from - kNoon) / 15min,
                        (cap.valid_until.value() - kNoon) / 15min);
  }
  return result;
}

std::vector<std::pair<int, int>> off(const std::vector<std::optional<double>>& values,
                                     const Thresholds& thresholds) {
  Series series;
  series.publish(quarters(values));
  return off(series, thresholds);
}

using Quarters = std::vector<std::pair<int, int>>;

}  // namespace

TEST_CASE("series: neighbours above the threshold are one cap that says why") {
  Series series;
  series.publish(quarters({50, 90, 120.5, 50, 81}));
  const auto caps = series.look(above(80, 60), kWording, kNoon).caps;
  REQUIRE(caps.size() == 2);
  CHECK(caps[0].valid_from == kNoon + 15min);
  CHECK(caps[0].valid_until == kNoon + 45min);
  CHECK(caps[0].cap == Cap(DutyCap{0}));
  CHECK(caps[0].reason == "price up to 120.5 EUR/MWh: above 80");
  CHECK(caps[0].id == "off 2026-02-01T12:15:00Z");
  CHECK(caps[1].id == "off 2026-02-01T13:00:00Z");
}

TEST_CASE("series: between the thresholds all stays as it is") {
  CHECK(off({70, 70, 90, 70, 61, 59, 70, 80}, above(80, 60)) == Quarters{{2, 5}});
  CHECK(off({80, 81, 80, 79}, above(80, 80)) == Quarters{{1, 3}});  // at it, too
}

TEST_CASE("series: so many in a row before off, and before on") {
  Thresholds thresholds = above(80, 60);
  thresholds.off_after = 2;
  thresholds.on_after = 3;
  CHECK(off({90, 70, 90, 90, 50, 50, 90, 50, 50, 50, 90}, thresholds) == Quarters{{3, 9}});
  thresholds.off_at_once_above = 150;
  CHECK(off({90, 70, 151, 50, 50, 50, 150, 70}, thresholds) == Quarters{{2, 5}});
}

TEST_CASE("series: negative prices are mined, and a strike may be below zero") {
  CHECK(off({-20, -0.01, 0, 5}, above(1, 1)) == Quarters{{3, 4}});
  CHECK(off({-20, -4, -6, 0}, above(-5, -5)) == Quarters{{1, 2}, {3, 4}});
}

TEST_CASE("series: a gap is never off, breaks a row and leaves off what was off") {
  CHECK(off({90, std::nullopt, 70, 50}, above(80, 60)) == Quarters{{0, 1}, {2, 3}});
  Thresholds twice = above(80, 60);
  twice.off_after = 2;
  CHECK(off({90, std::nullopt, 90, 50}, twice) == Quarters{});
  Series series;
  series.publish(quarters({90, std::nullopt, 90}));
  CHECK(series.look(above(80, 60), kWording, kNoon + 5min).now);
  CHECK(series.look(above(80, 60), kWording, kNoon + 5min).known_until == kNoon + 15min);
  CHECK_FALSE(series.look(above(80, 60), kWording, kNoon + 20min).now);
  CHECK_FALSE(series.look(above(80, 60), kWording, kNoon + 20min).known_until);
  // After a gap within the band: not above any more, and not yet below.
  series.publish(quarters({90, std::nullopt, 70}));
  CHECK(series.look(above(80, 60), kWording, kNoon + 20min).caps.at(0).reason ==
        "price up to 70 EUR/MWh: not yet below 60");
}

TEST_CASE("series: the newest publication wins where it speaks, and only there") {
  Series series;
  series.publish(quarters({90, 90, 90, 90}));
  series.publish(std::vector<Interval>{{kNoon + 20min, kNoon + 40min, 10}});
  auto caps = series.look(above(80, 80), kWording, kNoon).caps;
  REQUIRE(caps.size() == 2);
  CHECK(caps[0].valid_until == kNoon + 20min);
  CHECK(caps[1].valid_from == kNoon + 40min);
  // Within one interval, over several, and of one publication the later.
  series.publish(std::vector<Interval>{{kNoon, kNoon + 1h, 10}});
  CHECK(series.look(above(80, 80), kWording, kNoon).caps.empty());
  series.publish(std::vector<Interval>{{kNoon + 15min, kNoon + 30min, 90}});
  CHECK(off(series, above(80, 80)) == Quarters{{1, 2}});
  series.publish(std::vector<Interval>{{kNoon, kNoon + 1h, 10}, {kNoon, kNoon + 15min, 90}});
  CHECK(off(series, above(80, 80)) == Quarters{{0, 1}});
}

TEST_CASE("series: what is off now depends on the past, and keeps its name") {
  Series series;
  series.publish(quarters({90, 70, 70, 70}));
  CHECK(off(series, above(80, 60), kNoon + 35min) == Quarters{{0, 4}});
  CHECK(series.look(above(80, 60), kWording, kNoon + 35min).caps[0].id ==
        "off 2026-02-01T12:00:00Z");
  CHECK(series.look(above(80, 60), kWording, kNoon + 1h).caps.empty());
}

TEST_CASE("series: what is long over is forgotten, not what it led to") {
  Series series;
  for (int day = 0; day < 5; ++day) {
    series.publish(
        quarters(std::vector<std::optional<double>>(96, day == 0 ? 90 : 70), kNoon + days(day)));
    const auto caps = series.look(above(80, 60), kWording, kNoon + days(day)).caps;
    REQUIRE(caps.size() == 1);
    CHECK(caps[0].id == "off 2026-02-01T12:00:00Z");
    CHECK(caps[0].valid_until == kNoon + days(day + 1));
  }
  // A new publication of what has been forgotten changes nothing.
  series.publish(quarters({10, 10}));
  CHECK(series.look(above(80, 60), kWording, kNoon + days(4) + 1h).caps.size() == 1);
}

TEST_CASE("series: many short values cost no more than the latest thousands") {
  Series series;
  WallTime now = kNoon;
  for (int i = 0; i < 10'000; ++i, now += 1s) {
    series.publish(std::vector<Interval>{{now, now + 15s, i == 0 ? 90.0 : 70.0}});
    if (i % 100 == 0) series.look(above(80, 60), kWording, now);
  }
  const auto outlook = series.look(above(80, 60), kWording, now);
  REQUIRE(outlook.caps.size() == 1);
  CHECK(outlook.caps[0].id == "off 2026-02-01T12:00:00Z");
  CHECK(outlook.now->value == 70);
}

TEST_CASE("series: a value stands for what follows until something is known of it") {
  Series series(20min);
  series.publish(quarters({90}));
  CHECK(off(series, above(80, 60), kNoon + 30min).size() == 1);
  CHECK(series.look(above(80, 60), kWording, kNoon + 34min).known_until == kNoon + 35min);
  CHECK_FALSE(series.look(above(80, 60), kWording, kNoon + 35min).now);
  series.publish(quarters({90, 50}));
  CHECK(series.look(above(80, 60), kWording, kNoon + 20min).caps.empty());
}

TEST_CASE("series: open ends") {
  Series series;
  series.publish(std::vector<Interval>{{kOpenBegin, kNoon, 10}, {kNoon, kOpenEnd, 90}});
  const auto before = series.look(above(80, 60), kWording, kNoon - 1h);
  CHECK(before.now->value == 10);
  CHECK(before.known_until == kOpenEnd);
  REQUIRE(before.caps.size() == 1);
  CHECK(before.caps[0].valid_from == kNoon);
  CHECK_FALSE(before.caps[0].valid_until);
  Series always(5min);
  always.publish(std::vector<Interval>{{kOpenBegin, kOpenEnd, 90}});
  const auto caps = always.look(above(80, 60), kWording, kNoon).caps;
  REQUIRE(caps.size() == 1);
  CHECK(caps[0].id == "off");
  CHECK(caps[0].valid_from <= kNoon);
}

TEST_CASE("series: bounded") {
  std::vector<std::optional<double>> values;
  for (std::size_t i = 0; i < 15'000; ++i)
    values.emplace_back(i % 2 == 0 ? 90 : 10);
  Series series;
  series.publish(quarters(values));
  series.publish(quarters(values, kNoon + days(300)));
  const auto caps = series.look(above(80, 60), kWording, kNoon).caps;
  REQUIRE(caps.size() == kMaxCaps);  // the first ones
  CHECK(caps.front().valid_from == kNoon);
  CHECK(caps.back().valid_until == kNoon + 15min * (2 * kMaxCaps - 1));
}

TEST_CASE("series: numbers in texts") {
  CHECK(number_text(80) == "80");
  CHECK(number_text(-0.125) == "-0.125");
  CHECK(number_text(123456.789) == "123457");
}
