#include "throttle/simulation/simulation.h"

#include "tests/unit/simulation/support.h"

using namespace ebb::throttle;
using namespace ebb::throttle::testing;
using namespace std::chrono;

namespace {

/// 08:00 to 20:00 of a day, with these steps.
Timeline day_of(std::string_view steps) {
  return timeline("zone = 'Asia/Almaty'\nbegin = 2026-05-04T08:00:00\nend = 2026-05-04T20:00:00\n" +
                  std::string(steps));
}

SimulationInput with_feed(std::string_view name, SignalClass signal_class) {
  SimulationInput input;
  SourceRule rule;
  rule.name = name;
  rule.signal_class = signal_class;
  rule.feed = true;
  input.settings.sources.push_back(rule);
  return input;
}

SimulationInput with_window(std::string_view name, LocalTime from, LocalTime until) {
  ScheduleWindow window;
  window.name = name;
  window.zone = kZone;
  window.span = DatedSpan{from, until};
  SimulationInput input;
  input.windows.push_back(window);
  return input;
}

const year_month_day kDay = 2026y / May / 4;

}  // namespace

TEST_CASE("simulation: nothing happens, and that is one line") {
  const Simulation it = run({}, day_of(""));
  REQUIRE(it.changes.size() == 1);
  CHECK(it.changes[0].at == at("2026-05-04T08:00"));
  CHECK(it.changes[0].decision.limit.is_full());
}

TEST_CASE(
    "simulation: a clock that jumps past the end of a cap does not end it before it is believed") {
  const auto input = with_window("order", {kDay, 9h}, {kDay, 12h});
  const Simulation it =
      run(input, day_of("[[step]]\nat = 2026-05-04T10:00:00\nclock_jump = '+5h'\n"));
  CHECK(zero_throughout(it, at("2026-05-04T09:00"), at("2026-05-04T10:01:00")));
  CHECK(has_reason(decision_at(it, "2026-05-04T10:00:30"), "the clock has jumped"));
  // Nothing but a minute of steady running can be asked of a clock that is synchronised.
  CHECK_FALSE(decision_at(it, "2026-05-04T10:30").limit.is_zero());
}

TEST_CASE("simulation: a clock that jumps back and forth raises nothing") {
  const auto input = with_window("order", {kDay, 9h}, {kDay, 12h});
  const Simulation it = run(input, day_of(R"(
[[step]]
at = 2026-05-04T10:00:00
every = "30s"
until = 2026-05-04T11:50:00
clock_jump = "+4h"
[[step]]
at = 2026-05-04T10:00:15
every = "30s"
until = 2026-05-04T11:50:15
clock_jump = "-4h"
)"));
  CHECK(zero_throughout(it, at("2026-05-04T09:00"), at("2026-05-04T12:00:00")));
  CHECK(decision_at(it, "2026-05-04T13:00").limit.is_full());
}

TEST_CASE("simulation: without synchronisation a cap begins and does not end") {
  const auto input = with_window("order", {kDay, 9h}, {kDay, 12h});
  const Simulation it =
      run(input, day_of("[[step]]\nat = 2026-05-04T08:30:00\nclock_synchronised = false\n"
                        "[[step]]\nat = 2026-05-04T15:00:00\nclock_synchronised = true\n"));
  CHECK(zero_throughout(it, at("2026-05-04T09:00"), at("2026-05-04T15:00:00")));
  CHECK(decision_at(it, "2026-05-04T16:00").limit.is_full());
}

TEST_CASE(
    "simulation: a mandatory feed that falls silent is taken for zero, an economic one is not") {
  constexpr std::string_view kSteps = R"(
[[step]]
at = 2026-05-04T08:00:00
every = "30s"
until = 2026-05-04T10:00:00
heard = "feed"
[[step]]
at = 2026-05-04T12:00:00
every = "30s"
heard = "feed"
)";
  const Simulation mandatory = run(with_feed("feed", SignalClass::mandatory), day_of(kSteps));
  CHECK(decision_at(mandatory, "2026-05-04T10:04:00").limit.is_full());
  CHECK(zero_throughout(mandatory, at("2026-05-04T10:04:01"), at("2026-05-04T12:00:00")));
  CHECK(has_reason(decision_at(mandatory, "2026-05-04T11:00"), "not heard for more than 240 s"));
  CHECK(decision_at(mandatory, "2026-05-04T13:00").limit.is_full());

  const Simulation economic = run(with_feed("feed", SignalClass::economic), day_of(kSteps));
  CHECK(decision_at(economic, "2026-05-04T11:00").limit.is_full());
}

TEST_CASE("simulation: a start waits at zero for a mandatory feed, and then falls back") {
  const auto input = with_feed("grid", SignalClass::mandatory);
  const Simulation it =
      run(input, day_of("[[step]]\nat = 2026-05-04T12:00:00\nevery = '1m'\nheard = 'grid'\n"));
  CHECK(zero_throughout(it, at("2026-05-04T08:00"), at("2026-05-04T12:00")));
  CHECK(has_reason(decision_at(it, "2026-05-04T08:03"), "waiting for grid"));
  CHECK(has_reason(decision_at(it, "2026-05-04T08:05"), "fallback"));
  CHECK(decision_at(it, "2026-05-04T13:00").limit.is_full());
}

TEST_CASE("simulation: an override passes an economic cap and ends by itself") {
  const Simulation it = run({}, day_of(R"(
[[step]]
at = 2026-05-04T09:00:00
signal = { source = "price", cap = "0%", class = "economic", reason = "dear" }
[[step]]
at = 2026-05-04T10:00:00
override = { for = "1h", reason = "acceptance test" }
)"));
  CHECK(decision_at(it, "2026-05-04T09:30").limit.is_zero());
  const Decision& forced = decision_at(it, "2026-05-04T10:30");
  CHECK(forced.limit.is_full());
  REQUIRE(forced.reasons.size() == 1);
  CHECK(forced.reasons[0].overridden);
  CHECK(decision_at(it, "2026-05-04T11:05").limit.is_zero());
}

TEST_CASE("simulation: an override does not pass a protective cap") {
  const Simulation it = run({}, day_of(R"(
[[step]]
at = 2026-05-04T09:00:00
signal = { source = "heat", cap = "30%", class = "protective" }
[[step]]
at = 2026-05-04T10:00:00
override = { for = "1h", reason = "please" }
)"));
  CHECK(decision_at(it, "2026-05-04T10:30").limit.fraction == Approx(0.3));
}

TEST_CASE("simulation: a price that flaps moves a dwelling miner once") {
  SimulationInput input;
  input.settings.economic_dwell_off = 10min;
  input.settings.economic_dwell_on = 30min;
  // A minute dear, a minute cheap: none of it lasts. Then two hours dear.
  const Simulation it = run(input, day_of(R"(
[[step]]
at = 2026-05-04T09:00:00
every = "2m"
until = 2026-05-04T11:00:00
signal = { source = "price", cap = "0%", class = "economic", for = "1m" }
[[step]]
at = 2026-05-04T14:00:00
signal = { source = "price", cap = "0%", class = "economic", for = "2h" }
)"));
  CHECK(decision_at(it, "2026-05-04T13:59:59").event == 0);
  CHECK(std::none_of(it.changes.begin(), it.changes.end(), [](const SimulatedChange& change) {
    return change.at < at("2026-05-04T14:00") && !change.decision.limit.is_full();
  }));
  CHECK(decision_at(it, "2026-05-04T14:09").limit.is_full());
  const double halfway = decision_at(it, "2026-05-04T14:10:30").limit.fraction;
  CHECK(halfway > 0.3);
  CHECK(halfway < 0.7);
  CHECK(decision_at(it, "2026-05-04T14:12").limit.is_zero());
  CHECK(decision_at(it, "2026-05-04T17:00").limit.is_full());
}

TEST_CASE("simulation: two caps at once, the lower wins, and the higher remains") {
  const Simulation it = run({}, day_of(R"(
[[step]]
at = 2026-05-04T09:00:00
signal = { source = "grid", cap = "50%", for = "3h" }
[[step]]
at = 2026-05-04T10:00:00
signal = { source = "operator", cap = "20%", class = "operator", for = "1h" }
)"));
  CHECK(decision_at(it, "2026-05-04T10:30").limit.fraction == Approx(0.2));
  CHECK(decision_at(it, "2026-05-04T10:30").reasons.size() == 2);
  CHECK(decision_at(it, "2026-05-04T11:55").limit.fraction == Approx(0.5));
  CHECK(decision_at(it, "2026-05-04T13:00").limit.is_full());
}

TEST_CASE("simulation: holds survive a restart, a kill and a power cut") {
  for (const char* what : {"restart = true", "kill = true", "power_cut = '10m'",
                           "power_cut = { for = '10m', unclean = false }"}) {
    CAPTURE(what);
    const Simulation it = run({}, day_of("[[step]]\nat = 2026-05-04T09:00:00\nsignal = { source = "
                                         "'operator', cap = '0%', class = 'operator' }\n"
                                         "[[step]]\nat = 2026-05-04T10:00:00\n" +
                                         std::string(what)));
    CHECK(zero_throughout(it, at("2026-05-04T09:00"), at("2026-05-04T20:00")));
    CHECK(it.changes.back().decision.event == 1);
  }
}

TEST_CASE("simulation: while the machine is off nobody hears") {
  const Simulation it = run({}, day_of(R"(
[[step]]
at = 2026-05-04T09:00:00
power_cut = "1h"
[[step]]
at = 2026-05-04T09:30:00
signal = { source = "grid", cap = "0%" }
[[step]]
at = 2026-05-04T09:40:00
power_cut = "5h"
)"));
  CHECK_FALSE(change_at(it, at("2026-05-04T09:59:59")).running);
  CHECK(change_at(it, at("2026-05-04T10:00")).running);
  CHECK(decision_at(it, "2026-05-04T11:00").limit.is_full());
}

TEST_CASE("simulation: what is refused is told") {
  const Simulation it = run({}, day_of(R"(
[[step]]
at = 2026-05-04T09:00:00
signal = { source = "grid", cap = "0%", sequence = 7 }
[[step]]
at = 2026-05-04T10:00:00
signal = { source = "grid", cap = "100%", sequence = 6 }
)"));
  CHECK(change_at(it, at("2026-05-04T10:00")).happened.find("grid says 100%, refused: ") == 0);
  CHECK(zero_throughout(it, at("2026-05-04T09:00"), at("2026-05-04T20:00")));
}

TEST_CASE("simulation: the leaps change nothing") {
  // A heartbeat of somebody unknown each second makes it decide each second.
  constexpr std::string_view kBusy =
      "[[step]]\nat = 2026-05-04T08:00:00\nevery = '1s'\nheard = 'nobody'\n";
  auto input = with_window("order", {kDay, 9h}, {kDay, 9h + 30min});
  input.settings.economic_dwell_off = 3min;
  input.settings.sources = with_feed("ups", SignalClass::protective).settings.sources;
  const std::string steps = R"(
[[step]]
at = 2026-05-04T08:00:00
every = "100s"
until = 2026-05-04T15:00:00
heard = "ups"
[[step]]
at = 2026-05-04T11:00:00
signal = { source = "price", cap = "35%", class = "economic", for = "40m" }
[[step]]
at = 2026-05-04T12:30:00
kill = true
[[step]]
at = 2026-05-04T13:00:00
clock_jump = "-10m"
[[step]]
at = 2026-05-04T14:00:00
power_cut = "17m"
[[step]]
at = 2026-05-04T14:17:01
heard = "ups"
)";
  const Simulation leaping = run(input, day_of(steps));
  const Simulation busy = run(input, day_of(steps + std::string(kBusy)));
  REQUIRE(leaping.changes.size() == busy.changes.size());
  for (std::size_t i = 0; i < busy.changes.size(); ++i) {
    CAPTURE(i);
    CHECK(leaping.changes[i].at == busy.changes[i].at);
    CHECK(leaping.changes[i].decision.limit == busy.changes[i].decision.limit);
    CHECK(leaping.changes[i].decision.state == busy.changes[i].decision.state);
  }
}

TEST_CASE("simulation: an economic ramp begins with its first second, however long nothing moved") {
  const Simulation it = run({}, day_of(R"(
[[step]]
at = 2026-05-04T12:00:00
signal = { source = "price", cap = "0%", class = "economic" }
)"));
  CHECK(decision_at(it, "2026-05-04T12:00:00").limit.fraction == Approx(59 / 60.0));
  CHECK(decision_at(it, "2026-05-04T12:00:30").limit.fraction == Approx(29 / 60.0));
}

TEST_CASE("simulation: the seed decides, and nothing else") {
  constexpr std::string_view kSteps =
      "[[step]]\nat = 2026-05-04T09:00:00\nsignal = { source = 'grid', cap = '0%', for = '1h' }\n";
  SimulationInput input;
  const auto full_at = [&](std::uint64_t seed) {
    input.seed = seed;
    return run(input, day_of(kSteps)).changes.back().at;
  };
  CHECK(full_at(1) == full_at(1));
  CHECK(full_at(1) != full_at(2));
}

TEST_CASE("simulation: a schedule that cannot be read is an error") {
  SimulationInput input = with_window("order", {kDay, 9h}, {kDay, 12h});
  input.windows[0].zone = "Asia/Nowhere";
  const auto result = simulate(input, day_of(""));
  REQUIRE_FALSE(result);
  CHECK(result.error().find("Asia/Nowhere") != std::string::npos);
}
