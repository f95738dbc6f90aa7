#include "throttle/ledger/event_report.h"

#include <algorithm>

#include "tests/unit/ledger/support.h"

using namespace ebb::throttle;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr double kFull = 20e6;               // H/s
constexpr double kWatts = 200;               // at full
constexpr double kIdle = 50;                 // at zero
constexpr std::int64_t kStart = 40 * 86400;  // of the event, seconds

Signal hold_zero(std::int64_t received) {
  return {"operator",
          "hold",
          DutyCap{0},
          SignalClass::by_operator,
          at_second(received),
          {},
          at_second(received),
          {},
          1,
          "=cmd|'/c calc'!A0 <script>",
          false,
          false};
}

/// A ledger of days, an event at a time.
class Story {
 public:
  std::vector<LedgerEntry> entries;

  void add(std::int64_t second, std::uint64_t event, decltype(LedgerEntry::what) what) {
    entries.push_back({at_second(second), event, std::move(what)});
  }
  void decide(std::int64_t second, std::uint64_t event, Limit limit,
              std::vector<Reason> reasons = {}) {
    Decision decision;
    decision.limit = limit;
    decision.reasons = std::move(reasons);
    decision.event = event;
    add(second, event, DecisionEntry{decision});
  }
  void minutes_outside(std::int64_t from, std::int64_t until, double watts = kWatts) {
    for (std::int64_t at = from + 60; at <= until; at += 60)
      add(at, 0, SampleEntry{kFull, 1, watts, "NVML", false, seconds(60)});
  }
  void samples(std::int64_t from, std::int64_t until, std::uint64_t event, double hps,
               double fraction, std::optional<double> watts) {
    for (std::int64_t at = from + 1; at <= until; ++at)
      add(at, event, SampleEntry{hps, fraction, watts, "NVML", false, seconds(1)});
  }
  /// `length` seconds at zero, after `days` days of full work.
  static Story zero(int days, std::int64_t length = 3600) {
    Story story;
    story.minutes_outside(kStart - days * 86400, kStart);
    story.add(kStart, 0, SignalEntry{hold_zero(kStart), ""});
    story.decide(kStart, 1, {0, {}, {}},
                 {{"operator", SignalClass::by_operator, {0, {}, {}}, "hold", {}, false}});
    story.samples(kStart, kStart + 1, 1, 2e6, 0, 120);
    story.add(kStart + 1, 1, ZeroEntry{true, milliseconds(17), ""});
    story.samples(kStart + 1, kStart + length, 1, 0, 0, kIdle);
    return story;
  }
  std::vector<EventReport> report() const {
    return report_events(entries, at_second(0), at_second(100 * 86400));
  }
  EventReport only() const {
    auto events = report();
    REQUIRE(events.size() == 1);
    return events.front();
  }
};

Limit of_fraction(double fraction) {
  return {fraction, {}, {}};
}

}  // namespace

TEST_CASE("an event at zero is told from its request to its end") {
  Story story = Story::zero(12);
  story.decide(kStart + 3600, 0, {});
  const EventReport event = story.only();
  CHECK(event.event == 1);
  CHECK(event.began == at_second(kStart));
  CHECK(event.ended == at_second(kStart + 3600));
  REQUIRE(event.requests.size() == 1);
  CHECK(event.requests[0].find("operator: 0% (operator)") == 0);
  CHECK(event.lowest.is_zero());
  CHECK(event.requested == at_second(kStart));
  CHECK(event.received == at_second(kStart));
  CHECK(event.reached == at_second(kStart) + milliseconds(17));
  CHECK(event.time_to_zero == milliseconds(17));
  CHECK(event.baseline_watts == Approx(kWatts));
  CHECK(event.baseline_method.find("high 10 of 10: ") == 0);
  CHECK(event.mean_watts == Approx(kIdle).epsilon(0.001));
  CHECK(event.energy_not_used_kwh == Approx((3600 * kWatts - 3599 * kIdle - 120) / 3.6e6));
  CHECK(event.meter == "NVML");
  CHECK_FALSE(event.estimated);
  CHECK(event.restarts == 0);
  CHECK(event.violations.empty());
  CHECK(event.gaps.empty());
}

TEST_CASE("an event that has not ended has no end") {
  CHECK_FALSE(Story::zero(1).only().ended);
}

TEST_CASE("a baseline says how many days it is made of") {
  CHECK(Story::zero(3).only().baseline_method.find("the 3 days") != std::string::npos);
  CHECK(Story::zero(1).only().baseline_method.find("the 1 day without") != std::string::npos);
  const EventReport none = Story::zero(0).only();
  CHECK_FALSE(none.baseline_watts);
  CHECK_FALSE(none.energy_not_used_kwh);
  CHECK(none.baseline_method.find("none") == 0);
}

TEST_CASE("days with events make no baseline, and only the last ten count") {
  Story story;
  for (int day = 14; day >= 1; --day) {
    const std::int64_t at = kStart - day * 86400;
    story.minutes_outside(at, at + 3600, day > 12 ? 999 : 100 + day);
    if (day == 5 || day == 6) {
      story.decide(at + 600, static_cast<std::uint64_t>(10 - day), of_fraction(0.5));
      story.decide(at + 660, 0, {});
    }
  }
  story.decide(kStart, 9, {0, {}, {}});
  story.samples(kStart, kStart + 3600, 9, 0, 0, kIdle);
  story.decide(kStart + 3600, 0, {});
  const auto events = story.report();
  REQUIRE(events.size() == 3);
  // Days 1 to 4 and 7 to 12.
  CHECK(events[2].baseline_watts == Approx(100 + (10 + 57) / 10.0));
}

TEST_CASE("an event that spans a kill and an extension is one, with a restart") {
  Story story = Story::zero(10, 1000);
  story.add(kStart + 1500, 0, RunEntry{true, Start::outage, "b", "1"});
  Signal longer = hold_zero(kStart + 1500);
  longer.valid_until = at_second(kStart + 9000);
  story.add(kStart + 1500, 1, SignalEntry{longer, ""});
  story.decide(kStart + 1501, 1, {0, {}, {}},
               {{"operator", SignalClass::by_operator, {0, {}, {}}, "hold", {}, false}});
  story.samples(kStart + 1501, kStart + 3000, 1, 0, 0, kIdle);
  story.decide(kStart + 3000, 0, {});
  const EventReport event = story.only();
  CHECK(event.restarts == 1);
  CHECK(event.requests.size() == 2);
  CHECK(event.violations.empty());
  REQUIRE(event.gaps.size() == 1);
  CHECK(event.gaps[0].text == "not running");
  CHECK(event.gaps[0].from == at_second(kStart + 1000));
  CHECK(event.gaps[0].until == at_second(kStart + 1500));
  // Half an hour and more at idle, and 500 s at nothing; a second is not known.
  const double measured = 120 + 999 * kIdle + 1499 * kIdle;
  CHECK(event.energy_not_used_kwh == Approx((2999 * kWatts - measured) / 3.6e6));
}

TEST_CASE("a clean stop inside an event is no time of running either") {
  Story story = Story::zero(10, 100);
  story.add(kStart + 101, 1, RunEntry{false, Start::fresh, "b", "1"});
  story.add(kStart + 500, 1, RunEntry{true, Start::clean, "b", "1"});
  story.samples(kStart + 500, kStart + 600, 1, 0, 0, kIdle);
  const EventReport event = story.only();
  REQUIRE(event.gaps.size() == 1);
  CHECK(event.gaps[0].from == at_second(kStart + 101));
  CHECK(event.restarts == 1);
}

TEST_CASE("missing samples are a gap, not a violation and not energy") {
  Story story = Story::zero(10, 100);
  story.samples(kStart + 200, kStart + 300, 1, 0, 0, kIdle);
  story.decide(kStart + 300, 0, {});
  const EventReport event = story.only();
  REQUIRE(event.gaps.size() == 1);
  CHECK(event.gaps[0].text == "no samples");
  CHECK(event.gaps[0].from == at_second(kStart + 100));
  CHECK(event.gaps[0].until == at_second(kStart + 200));
  CHECK(event.violations.empty());
  CHECK(event.energy_not_used_kwh == Approx((200 * kWatts - 199 * kIdle - 120) / 3.6e6));
}

TEST_CASE("hashing at zero after the two seconds allowed is a violation") {
  Story story = Story::zero(10, 100);
  story.samples(kStart + 100, kStart + 103, 1, 1e3, 0, 90);
  story.samples(kStart + 103, kStart + 110, 1, 0, 0, kIdle);
  story.samples(kStart + 110, kStart + 111, 1, 2e3, 0, kIdle);
  story.samples(kStart + 111, kStart + 200, 1, 0, 0, kIdle);
  story.samples(kStart + 200, kStart + 201, 1, 3e3, 0, kIdle);
  const EventReport event = story.only();
  REQUIRE(event.violations.size() == 2);
  CHECK(event.violations[0].from == at_second(kStart + 100));
  CHECK(event.violations[0].until == at_second(kStart + 111));
  CHECK(event.violations[0].text == "hashed at up to 2kH/s (90W) under a limit of 0%, for 4 s");
}

TEST_CASE("more than a limit and 2 % of full scale over ten seconds is a violation") {
  Story story;
  story.minutes_outside(kStart - 86400, kStart);
  story.decide(kStart, 1, of_fraction(0.4));
  story.samples(kStart, kStart + 2, 1, kFull, 0.4, 200);  // until it is felt
  story.samples(kStart + 2, kStart + 20, 1, 0.419 * kFull, 0.4, 110);
  SECTION("met") {
    const EventReport event = story.only();
    CHECK(event.reached == at_second(kStart + 3));
    CHECK(event.violations.empty());
    CHECK_FALSE(event.time_to_zero);
  }
  SECTION("not by a second's noise") {
    story.samples(kStart + 20, kStart + 21, 1, 0.428 * kFull, 0.4, 110);
    story.samples(kStart + 21, kStart + 22, 1, 0.410 * kFull, 0.4, 110);
    CHECK(story.only().violations.empty());
  }
  SECTION("of hashes") {
    story.samples(kStart + 20, kStart + 32, 1, 0.43 * kFull, 0.4, 110);
    REQUIRE(story.only().violations.size() == 1);
    CHECK(story.only().violations[0].until == at_second(kStart + 32));
  }
  SECTION("of watts") {
    story.decide(kStart + 20, 1, {1, 100.0, {}});
    story.samples(kStart + 20, kStart + 35, 1, 0.3 * kFull, 1, 103);
    CHECK(story.only().violations.empty());
    story.samples(kStart + 35, kStart + 50, 1, 0.3 * kFull, 1, 106);
    CHECK(story.only().violations.size() == 1);
  }
  SECTION("of watts that a meter shows, whatever a model makes of them") {
    story.decide(kStart + 20, 1, {1, 100.0, {}});
    story.samples(kStart + 20, kStart + 50, 1, 0.6 * kFull, 0.3, 99);
    CHECK(story.only().violations.empty());
    story.samples(kStart + 50, kStart + 70, 1, 0.6 * kFull, 0.3, {});
    CHECK(story.only().violations.size() == 1);
  }
}

TEST_CASE("a ramp's limit is that of its samples, not the one it began at") {
  Story story = Story::zero(10, 100);
  DecisionEntry ramp;
  ramp.decision.event = 1;
  ramp.decision.state = State::ramping;
  ramp.decision.limit = {0, {}, {}};
  story.add(kStart + 100, 1, ramp);
  for (int second = 0; second < 60; ++second) {
    const double fraction = second / 60.0;
    story.samples(kStart + 100 + second, kStart + 101 + second, 1, fraction * kFull, fraction, 90);
  }
  CHECK(story.only().violations.empty());
}

TEST_CASE("only events that reach into the time asked for are told, and whole") {
  Story story = Story::zero(10);
  story.decide(kStart + 3600, 0, {});
  const auto between = [&](std::int64_t from, std::int64_t to) {
    return report_events(story.entries, at_second(from), at_second(to));
  };
  CHECK(between(kStart - 100, kStart).empty());
  REQUIRE(between(kStart + 100, kStart + 9999).size() == 1);
  CHECK(between(kStart + 100, kStart + 9999)[0].began == at_second(kStart));
  CHECK(between(kStart + 3601, kStart + 9999).empty());
  CHECK_FALSE(between(kStart + 100, kStart + 200)[0].ended);
}

TEST_CASE("a plot keeps the highest and the lowest of many points") {
  Story story;
  story.decide(kStart, 1, of_fraction(0.5));
  story.samples(kStart, kStart + 20'000, 1, 10e6, 0.5, 100);
  auto& peak = std::get<SampleEntry>(story.entries[7'777].what);
  auto& dip = std::get<SampleEntry>(story.entries[9'999].what);
  peak.hps = 19e6;
  peak.watts = 190.0;
  dip.hps = 0;
  const EventReport event = story.only();
  CHECK(event.points.size() <= kMaxPoints);
  CHECK(event.points.size() > 300);
  const auto [low, high] =
      std::minmax_element(event.points.begin(), event.points.end(),
                          [](const PowerPoint& a, const PowerPoint& b) { return a.hps < b.hps; });
  CHECK(low->hps == 0);
  CHECK(high->hps == 19e6);
  CHECK(high->watts == 190.0);
  CHECK(std::is_sorted(event.points.begin(), event.points.end(),
                       [](const PowerPoint& a, const PowerPoint& b) { return a.at < b.at; }));
}

TEST_CASE("nothing gives no events") {
  CHECK(report_events({}, at_second(0), at_second(1)).empty());
}
