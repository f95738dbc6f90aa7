#include "throttle/simulation/timeline.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz_timeline.h"
#include "tests/unit/catch.h"

using namespace ebb::throttle;
using namespace std::chrono;

namespace {

const std::string kHead =
    "begin = 2026-05-04T08:00:00Z\nend = 2026-05-04T20:00:00Z\n[[step]]\nat = "
    "2026-05-04T10:00:00Z\n";

WallTime utc(int hour, int minute = 0) {
  return sys_days(2026y / May / 4) + hours(hour) + minutes(minute);
}

Step step(const std::string& text) {
  const auto parsed = parse_timeline(kHead + text);
  INFO(text << ": " << (parsed ? "" : parsed.error()));
  REQUIRE(parsed);
  REQUIRE(parsed->steps.size() == 1);
  return parsed->steps[0];
}

template <typename Event>
Event event(const std::string& text) {
  const Step read = step(text);
  REQUIRE(std::holds_alternative<Event>(read.what));
  return std::get<Event>(read.what);
}

std::string fault(const std::string& text) {
  const auto parsed = parse_timeline(text);
  REQUIRE_FALSE(parsed);
  return parsed.error();
}

}  // namespace

TEST_CASE("timeline: a signal with all that it can say") {
  const auto it = event<SendSignal>(
      "signal = { source = 'grid', id = 'order 1', cap = '40%', class = 'economic', from = "
      "2026-05-04T11:00:00Z, until = 2026-05-04T12:00:00Z, reason = 'dear', sequence = 7, sent_at "
      "= 2026-05-04T09:59:58Z, outage = true, urgent = true }");
  CHECK(it.signal.source == "grid");
  CHECK(it.signal.id == "order 1");
  CHECK(it.signal.cap == Cap(DutyCap{0.4}));
  CHECK(it.signal.signal_class == SignalClass::economic);
  CHECK(it.from == utc(11));
  CHECK(it.signal.valid_until == utc(12));
  CHECK(it.signal.reason == "dear");
  CHECK(it.signal.sequence == 7);
  CHECK(it.signal.sent_at == utc(10) - 2s);
  CHECK(it.signal.outage);
  CHECK(it.signal.urgent);
}

TEST_CASE("timeline: a signal with as little as it needs") {
  const auto it = event<SendSignal>("signal = { source = 'ups', cap = '250W', for = '90m' }");
  CHECK(it.signal.id == "ups");
  CHECK(it.signal.cap == Cap(PowerCap{250}));
  CHECK(it.signal.signal_class == SignalClass::mandatory);
  CHECK_FALSE(it.from);
  CHECK_FALSE(it.signal.valid_until);
  CHECK(it.lasts == 90min);
  CHECK(it.signal.sequence == 0);
}

TEST_CASE("timeline: everything else that can happen") {
  CHECK(event<RetractSignal>("retract = { source = 'ups' }").id == "ups");
  CHECK(event<RetractSignal>("retract = { source = 'ups', id = 'x' }").id == "x");
  CHECK(event<Heard>("heard = 'ups'").source == "ups");
  CHECK(event<SetOverride>("override = { for = '2h', reason = 'test' }").lasts == 2h);
  CHECK_FALSE(event<SetOverride>("override = false").reason);
  CHECK(event<PowerCut>("power_cut = '20m'").lasts == 20min);
  CHECK(event<PowerCut>("power_cut = '20m'").unclean);
  CHECK_FALSE(event<PowerCut>("power_cut = { for = '1d', unclean = false }").unclean);
  event<Restart>("restart = true");
  event<Kill>("kill = true");
  CHECK(event<ClockJump>("clock_jump = '+1h'").by == 1h);
  CHECK(event<ClockJump>("clock_jump = '-1500ms'").by == -1500ms);
  CHECK_FALSE(event<ClockSynchronised>("clock_synchronised = false").yes);
  CHECK(event<NewSchedule>("schedule = []").windows.empty());
  const auto windows = event<NewSchedule>(
      "schedule = [{ name = 'x', cap = 0, zone = 'UTC', hours = '06:00-08:00' }]");
  CHECK(windows.windows.at(0).name == "x");
}

TEST_CASE("timeline: local times are of the zone at the top") {
  const auto it = parse_timeline(
      "zone = 'Asia/Almaty'\nbegin = 2022-01-24T00:00:00\nend = 2022-01-24T12:00:00+06:00\n");
  REQUIRE(it);
  CHECK(it->begin == sys_days(2022y / January / 23) + 18h);
  CHECK(it->end - it->begin == 12h);
  CHECK(it->clock_synchronised);
  CHECK(fault("begin = 2022-01-24T00:00:00\nend = 2022-01-25T00:00:00\n") ==
        "line 1:9: begin: needs an offset such as +06:00, or a zone at the top of the file");
}

TEST_CASE("timeline: steps are put in order, and those of one time stay in the file's") {
  const auto it = parse_timeline(kHead +
                                 "heard = 'b'\n[[step]]\nat = 2026-05-04T09:00:00Z\nheard = 'a'\n"
                                 "[[step]]\nat = 2026-05-04T10:00:00Z\nheard = 'c'\n");
  REQUIRE(it);
  std::string order;
  for (const Step& s : it->steps)
    order += std::get<Heard>(s.what).source;
  CHECK(order == "abc");
}

TEST_CASE("timeline: repetitions reach to their until or to the end") {
  const Step open = step("every = '30s'\nheard = 'ups'");
  CHECK(open.every == 30s);
  CHECK(open.last == utc(20));
  CHECK(step("every = '1m'\nuntil = 2026-05-04T11:00:00Z\nheard = 'ups'").last == utc(11));
}

TEST_CASE("timeline: errors name the line and the column") {
  CHECK(fault("begin = \n").starts_with("line 1:9: "));
  CHECK(fault(kHead + "\n\nhearsay = 'ups'").starts_with("line 3:1: a step needs something"));
  CHECK(fault(kHead + "heard = 'ups'\nlater = 1") == "line 6:9: later: unknown key");
  CHECK(fault(kHead + "heard = 'ups'\nkill = true") ==
        "line 6:8: kill: is one thing too many for a step");
  CHECK(fault(kHead + "signal = { source = 'ups', cap = '400%' }") ==
        "line 5:34: cap: '400%' is above 100%");
  CHECK(fault(kHead + "schedule = [\n{ name = 'x', cap = 0, zone = 'UTC' }\n]")
            .starts_with("line 6:1: a window needs from"));
  CHECK(fault(kHead + "power_cut = '20'") ==
        "line 5:13: power_cut: '20' is not a time span such as 500ms, 20s, 5m, 1h or 2d");
}

TEST_CASE("timeline: what is wrong is refused") {
  for (const char* bad : {"",
                          "signal = 1",
                          "signal = { cap = '0%' }",
                          "signal = { source = 'x' }",
                          "signal = { source = 'x', cap = 0 }",
                          "signal = { source = 'x', cap = '0%', class = 'law' }",
                          "signal = { source = 'x', cap = '0%', sequence = 0 }",
                          "signal = { source = 'x', cap = '0%', for = '1h', until = "
                          "2026-05-04T12:00:00Z }",
                          "signal = { source = 'x', cap = '0%', for = '-1h' }",
                          "signal = { source = 'x', cap = '0%', outage = 1 }",
                          "retract = 'x'",
                          "heard = ''",
                          "heard = true",
                          "override = true",
                          "override = { for = '1h' }",
                          "override = { reason = 'x' }",
                          "power_cut = 20",
                          "power_cut = '0s'",
                          "power_cut = { unclean = true }",
                          "restart = false",
                          "kill = 1",
                          "clock_jump = 3600",
                          "clock_jump = '1y'",
                          "clock_jump = 'nan'",
                          "clock_synchronised = 'no'",
                          "schedule = {}",
                          "schedule = ['x']",
                          "schedule = [{ name = 'x' }]",
                          "heard = 'x'\nevery = '0s'",
                          "heard = 'x'\nuntil = 2026-05-04T12:00:00Z",
                          "heard = 'x'\nevery = '1h'\nuntil = 2026-05-04T09:00:00Z",
                          "heard = 'x'\nevery = '1h'\nuntil = 2026-05-05T09:00:00Z"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_timeline(kHead + bad));
  }
  for (const char* bad : {"", "begin = 2026-05-04T08:00:00Z", "begin = 1\nend = 2",
                          "begin = '2026-05-04T08:00:00Z'\nend = '2026-05-04T09:00:00Z'",
                          "begin = 2026-05-04T08:00:00Z\nend = 2026-05-04T08:00:00Z",
                          "begin = 2026-05-04T08:00:00Z\nend = 2037-05-04T08:00:00Z",
                          "begin = 1969-05-04T08:00:00Z\nend = 1969-05-05T08:00:00Z",
                          "begin = 2026-05-04T08:00:00Z\nend = 2026-05-04T09:00:00Z\nstep = 1",
                          "begin = 2026-05-04T08:00:00Z\nend = 2026-05-04T09:00:00Z\nstep = [1]",
                          "begin = 2026-05-04T08:00:00Z\nend = 2026-05-04T09:00:00Z\nstop = 1"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_timeline(bad));
  }
  CHECK_FALSE(
      parse_timeline(kHead.substr(0, kHead.size() - 29) + "2026-05-04T07:59:59Z\nkill = true"));
}

TEST_CASE("timeline: a million steps in all, and no more") {
  const std::string head =
      "begin = 2026-01-01T00:00:00Z\nend = 2026-01-12T13:46:39Z\n[[step]]\nat "
      "= 2026-01-01T00:00:00Z\nevery = '1s'\nheard = 'ups'\n";
  CHECK(parse_timeline(head));
  CHECK(fault(head + "[[step]]\nat = 2026-01-01T00:00:00Z\nheard = 'ups'\n") ==
        "line 7:1: more than 1,000,000 steps");
  CHECK(fault(kHead + "every = '1s'\nclock_jump = '10h'").find("20 years") != std::string::npos);
}

TEST_CASE("timeline: the fuzzer's corpus") {
  std::size_t files = 0;
  const auto folder = std::filesystem::path(EBB_TEST_DATA) / "../fuzz/corpus/timeline";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    CAPTURE(entry.path().filename().string());
    std::ifstream in(entry.path(), std::ios::binary);
    fuzz_timeline(std::string(std::istreambuf_iterator<char>(in), {}));
    ++files;
  }
  CHECK(files >= 4);
}
