#include "sources/openadr/timeline.h"

#include "tests/unit/sources/openadr_support.h"

namespace ebb::sources::openadr {
namespace {

const std::string kMidnight = "2026-02-01T00:00:00Z";

std::string three(const std::string& more = "") {
  return "\"intervals\":[" + interval("SIMPLE", "1") + "," + interval("SIMPLE", "2") + "," +
         interval("SIMPLE", "3") + "]" + more;
}

std::vector<Stretch> look(const Event& event, WallTime now, std::size_t most = 100) {
  return timeline(event, {"rig", now}, now, most);
}

TEST_CASE("Intervals follow one another", "[openadr]") {
  const Event event = event_of(period(kMidnight, "PT1H") + "," + three());
  const auto all = look(event, kDay - hours(1));
  REQUIRE(all.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(all[i].interval == i);
    CHECK(all[i].planned == Span{kDay + hours(i), kDay + hours(i + 1)});
    CHECK(all[i].widest() == all[i].planned);
  }
}

TEST_CASE("An event under way is entered at the interval of now", "[openadr]") {
  const Event event = event_of(period(kMidnight, "PT1H") + "," + three());
  const auto rest = look(event, kDay + minutes(90));
  REQUIRE(rest.size() == 2);
  CHECK(rest[0].interval == 1);
  CHECK(look(event, kDay + hours(3)).empty());
}

TEST_CASE("An interval's own period overrides the event's", "[openadr]") {
  const Event event =
      event_of(period(kMidnight, "PT1H") + ",\"intervals\":[" + interval("SIMPLE", "1") + "," +
               interval("SIMPLE", "2", "\"intervalPeriod\":{\"duration\":\"PT2H\"}") + "," +
               interval("SIMPLE", "3", period("0001-01-01", "PT3H")) + "," +
               interval("SIMPLE", "0", period("2026-02-01T12:00:00Z", "")) + "]");
  const auto all = look(event, kDay);
  REQUIRE(all.size() == 4);
  CHECK(all[1].planned == Span{kDay + hours(1), kDay + hours(3)});
  CHECK(all[2].planned == Span{kDay + hours(3), kDay + hours(6)});
  CHECK(all[3].planned == Span{kDay + hours(12), kDay + hours(13)});
}

TEST_CASE("Without a start of its own or the event's an interval is at no time", "[openadr]") {
  CHECK(look(event_of(three()), kDay).empty());
}

TEST_CASE("Do it now: from when the event was written, for ever", "[openadr]") {
  const std::string now_for_ever = period("0001-01-01T00:00:00", "P9999Y") + ",\"intervals\":[" +
                                   interval("ALERT_GRID_EMERGENCY", "\"x\"") + "]";
  Event event = event_of(now_for_ever);
  auto all = look(event, kDay);
  REQUIRE(all.size() == 1);
  CHECK(all[0].planned == Span{kDay, kForever});
  event.written = kDay - hours(2);
  CHECK(look(event, kDay).at(0).planned.from == kDay - hours(2));
  event.written = kDay + hours(2);  // by a clock ahead of ours
  CHECK(look(event, kDay).at(0).planned.from == kDay);
}

TEST_CASE("Do it now for an hour ends an hour after it was written", "[openadr]") {
  Event event =
      event_of(period("0001-01-01", "PT1H") + ",\"intervals\":[" + interval("SIMPLE", "3") + "]");
  event.written = kDay;
  CHECK(look(event, kDay + minutes(59)).size() == 1);
  CHECK(look(event, kDay + minutes(60)).empty());
}

TEST_CASE("The year 1 with no duration is how events are cancelled", "[openadr]") {
  CHECK(look(event_of(period("0001-01-01", "PT0S") + "," + three()), kDay).empty());
  CHECK(look(event_of(period("0001-01-01T00:00:00", "P0S") + "," + three()), kDay).empty());
}

TEST_CASE("What has a start and no duration lasts until the next start", "[openadr]") {
  const Event event =
      event_of("\"intervals\":[" + interval("SIMPLE", "1", period(kMidnight, "")) + "," +
               interval("SIMPLE", "2", period("2026-02-01T06:00:00Z", "PT0S")) + "]");
  const auto all = look(event, kDay);
  REQUIRE(all.size() == 2);
  CHECK(all[0].planned == Span{kDay, kDay + hours(6)});
  CHECK(all[1].planned == Span{kDay + hours(6), kForever});
}

TEST_CASE("event.duration repeats intervals", "[openadr]") {
  const Event event =
      event_of(period(kMidnight, "PT1H") + "," + three(",\"duration\":\"PT7H30M\""));
  const auto all = look(event, kDay);
  REQUIRE(all.size() == 8);
  CHECK(all[3].interval == 0);
  CHECK(all[3].planned == Span{kDay + hours(3), kDay + hours(4)});
  CHECK(all[7].planned == Span{kDay + hours(7), kDay + minutes(450)});
}

TEST_CASE("event.duration repeats for ever, entered anywhere", "[openadr]") {
  const Event event = event_of(period(kMidnight, "PT1H") + "," + three(",\"duration\":\"P9999Y\""));
  const auto all = look(event, kDay + hours(3'000'000) + minutes(30), 10);
  REQUIRE(all.size() == 10);
  CHECK(all[0].interval == 0);
  CHECK(all[0].planned.from == kDay + hours(3'000'000));
  CHECK(all[1].interval == 1);
}

TEST_CASE("event.duration cuts intervals, and an open end", "[openadr]") {
  const Event event = event_of(period(kMidnight, "PT1H") + "," + three(",\"duration\":\"P1H\""));
  CHECK(look(event, kDay).size() == 1);
  const Event open = event_of(period(kMidnight, "") + ",\"intervals\":[" + interval("SIMPLE", "3") +
                              "],\"duration\":\"PT2H\"");
  CHECK(look(open, kDay).at(0).planned == Span{kDay, kDay + hours(2)});
  const Event unsaid = event_of(period(kMidnight, "PT1H") + "," + three(",\"duration\":\"PT0S\""));
  CHECK(look(unsaid, kDay).size() == 3);  // the schema's default
}

TEST_CASE("randomizeStart only ever widens what is shed", "[openadr]") {
  const Event event =
      event_of(period(kMidnight, "PT1H", ",\"randomizeStart\":\"PT10M\"") + "," + three());
  bool earlier = false, later_too = false;
  for (int rig = 0; rig < 50; ++rig) {
    const TimelineSettings settings{"rig" + std::to_string(rig), kDay};
    const auto all = timeline(event, settings, kDay - hours(1), 10);
    REQUIRE(all.size() == 3);
    for (const Stretch& it : all) {
      CHECK(it.shift == all[0].shift);  // contiguous ones shift together
      CHECK(it.widest().from <= it.planned.from);
      CHECK(it.widest().until >= it.planned.until);
      CHECK(it.surely().from >= it.planned.from);
      CHECK(it.surely().until <= it.planned.until);
      CHECK(it.widest().until - it.widest().from == hours(1) + std::chrono::abs(it.shift));
      CHECK(std::chrono::abs(it.shift) <= minutes(10));
    }
    earlier = earlier || all[0].shift < minutes(-2);
    later_too = later_too || all[0].shift > minutes(2);
    CHECK(timeline(event, settings, kDay, 10)[0].shift == all[0].shift);  // drawn once
  }
  CHECK(earlier);
  CHECK(later_too);
}

TEST_CASE("A start of its own may be drawn for itself", "[openadr]") {
  const Event event =
      event_of(period(kMidnight, "PT1H", ",\"randomizeStart\":\"PT10M\"") + ",\"intervals\":[" +
               interval("SIMPLE", "1") + "," +
               interval("SIMPLE", "2", period("2026-02-01T05:00:00Z", "PT1H")) + "," +
               interval("SIMPLE", "3",
                        period("2026-02-01T07:00:00Z", "PT1H", ",\"randomizeStart\":\"PT50M\"")) +
               "]");
  const auto all = look(event, kDay - hours(1));
  REQUIRE(all.size() == 3);
  CHECK(all[1].shift == all[0].shift);
  CHECK(all[2].shift != all[0].shift);
}

TEST_CASE("An interval under way keeps its widened end", "[openadr]") {
  const Event event = event_of(period(kMidnight, "PT1H", ",\"randomizeStart\":\"PT10M\"") +
                               ",\"intervals\":[" + interval("SIMPLE", "3") + "]");
  for (int rig = 0; rig < 50; ++rig) {
    const TimelineSettings settings{"rig" + std::to_string(rig), kDay};
    const auto shift = one_pass(event, settings).at(0).shift;
    const auto at_end = timeline(event, settings, kDay + hours(1) + minutes(1), 10);
    CHECK(at_end.size() == (shift > minutes(1) ? 1 : 0));
  }
}

TEST_CASE("An interval is divided among its values", "[openadr]") {
  const Stretch hour{0, {kDay, kDay + hours(1)}, seconds(5)};
  const auto parts = divided(hour, 3);
  REQUIRE(parts.size() == 3);
  CHECK(parts[1].planned == Span{kDay + minutes(20), kDay + minutes(40)});
  CHECK(parts[2].shift == seconds(5));
  CHECK(divided({0, {kDay, kForever}, {}}, 3).size() == 1);
  CHECK(divided({0, {kDay, kDay + milliseconds(2)}, {}}, 2000).size() == 2000);
}

TEST_CASE("Tiny intervals that repeat for ever are bounded", "[openadr]") {
  const Event event =
      event_of(period("1970-01-01T00:00:00Z", "PT0.001S", ",\"randomizeStart\":\"P300D\"") + "," +
               three(",\"duration\":\"P9999Y\""));
  CHECK(look(event, kDay, 1000).size() == 1000);
}

}  // namespace
}  // namespace ebb::sources::openadr
