// January 2022, by the files that docs/kazakhstan-2022.md tells of.

#include <toml++/toml.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "tests/unit/simulation/support.h"
#include "throttle/schedule/window_toml.h"

using namespace ebb::throttle;
using namespace ebb::throttle::testing;
using namespace std::chrono;

namespace {

std::string doc(const std::string& name) {
  std::ifstream in(std::filesystem::path(EBB_TEST_DATA) / "../../docs" / name);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

SimulationInput miner(std::uint64_t seed = 1) {
  const auto parsed = toml::parse(doc("kazakhstan-2022.toml"));
  REQUIRE(parsed.succeeded());
  SimulationInput input;
  for (const toml::node& node : *parsed.table()["schedule"].as_array()) {
    auto window = read_window(*node.as_table());
    REQUIRE(window);
    input.windows.push_back(*std::move(window));
  }
  input.seed = seed;
  return input;
}

Simulation replay(std::uint64_t seed = 1) {
  return run(miner(seed), timeline(doc("kazakhstan-2022-timeline.toml")));
}

}  // namespace

TEST_CASE("Kazakhstan 2022: full until the order begins, then zero at once") {
  const Simulation it = replay();
  CHECK(decision_at(it, "2022-01-23T23:59:59").limit.is_full());
  const Decision& begins = decision_at(it, "2022-01-24T00:00:00");
  CHECK(begins.limit.is_zero());
  CHECK(begins.state == State::shedding);
  CHECK(begins.reasons.at(0).until == at("2022-02-01T00:00"));
  CHECK(decision_at(it, "2022-01-24T00:00:01").state == State::parked);
  // Almaty's time of then: six hours east, not the five of today.
  CHECK(change_at(it, at("2022-01-24T00:00:00")).at == *parse_time("2022-01-23T18:00:00Z"));
}

TEST_CASE("Kazakhstan 2022: nothing is hashed from the order to the end of its prolongation") {
  CHECK(zero_throughout(replay(), at("2022-01-24T00:00"), at("2022-02-08T00:00:05")));
}

TEST_CASE("Kazakhstan 2022: the power cut ends at zero, with no network to ask") {
  const Simulation it = replay();
  CHECK_FALSE(change_at(it, at("2022-01-25T11:59:00")).running);
  CHECK_FALSE(change_at(it, at("2022-01-25T12:38:59")).running);
  const SimulatedChange& back = change_at(it, at("2022-01-25T12:39:00"));
  CHECK(back.running);
  CHECK(back.decision.limit.is_zero());
  CHECK(has_reason(back.decision, "KEGOC memo of 21 January"));
  CHECK(has_reason(back.decision, "after an outage"));
  CHECK(has_reason(back.decision, "the clock is not synchronised"));
  CHECK(has_reason(decision_at(it, "2022-01-25T20:00"), "KEGOC memo of 21 January"));
}

TEST_CASE("Kazakhstan 2022: the prolongation replaces the end and nothing else") {
  const Simulation it = replay();
  CHECK(decision_at(it, "2022-01-30T17:59").reasons.at(0).until == at("2022-02-01T00:00"));
  CHECK(decision_at(it, "2022-01-30T18:00").reasons.at(0).until == at("2022-02-08T00:00"));
  CHECK(decision_at(it, "2022-01-30T18:00").reasons.size() == 1);
  CHECK(decision_at(it, "2022-02-01T00:00:00").state == State::parked);
}

TEST_CASE("Kazakhstan 2022: one event from the first minute to full again") {
  const Simulation it = replay();
  std::set<std::uint64_t> events;
  for (const SimulatedChange& change : it.changes) {
    if (change.at >= at("2022-01-24T00:00") && !change.decision.limit.is_full()) {
      events.insert(change.decision.event);
    }
  }
  CHECK(events == std::set<std::uint64_t>{1});
  CHECK(it.changes.back().decision.event == 0);
}

TEST_CASE("Kazakhstan 2022: the return waits, by chance, and then ramps") {
  std::set<WallTime> returns;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const Simulation it = replay(seed);
    const auto ramps =
        std::find_if(it.changes.begin(), it.changes.end(), [](const SimulatedChange& change) {
          return change.at > at("2022-02-08T00:00") && !change.decision.limit.is_zero();
        });
    REQUIRE(ramps != it.changes.end());
    const auto waited = ramps->at - at("2022-02-08T00:00");
    CHECK(waited >= 5s);
    CHECK(waited <= 5s + 600s + 2s);
    CHECK(has_reason(decision_at(it, "2022-02-08T00:00:05"), "random return"));
    returns.insert(ramps->at);
    check_ramp(it, at("2022-02-08T00:00"));
    CHECK(it.changes.back().decision.state == State::full);
  }
  CHECK(returns.size() > 10);
}

TEST_CASE("Kazakhstan 2022: a configuration without the prolongation returns a week earlier") {
  Timeline steps = timeline(doc("kazakhstan-2022-timeline.toml"));
  std::erase_if(steps.steps,
                [](const Step& step) { return std::holds_alternative<NewSchedule>(step.what); });
  const Simulation it = run(miner(), steps);
  CHECK(zero_throughout(it, at("2022-01-24T00:00"), at("2022-02-01T00:00:05")));
  CHECK(decision_at(it, "2022-02-01T01:00").state == State::full);
}

TEST_CASE("the neighbours' blackout: no schedule, but a UPS that says so") {
  SimulationInput input;
  SourceRule ups;
  ups.name = "ups";
  ups.signal_class = SignalClass::protective;
  ups.feed = true;
  input.settings.sources.push_back(ups);
  const Simulation it = run(input, timeline(R"(
zone = "Asia/Almaty"
begin = 2022-01-25T11:00:00
end = 2022-01-25T14:00:00
[[step]]
at = 2022-01-25T11:00:00
every = "30s"
heard = "ups"
[[step]]
at = 2022-01-25T11:59:00
signal = { source = "ups", cap = "0%", class = "protective", outage = true, reason = "on battery" }
[[step]]
at = 2022-01-25T12:05:00
power_cut = "40m"
[[step]]
at = 2022-01-25T12:45:30
retract = { source = "ups" }
)"));
  CHECK(decision_at(it, "2022-01-25T11:59:01").limit.is_full());  // a dip of 2 s is ridden through
  CHECK(decision_at(it, "2022-01-25T11:59:02").limit.is_zero());
  CHECK(zero_throughout(it, at("2022-01-25T11:59:02"), at("2022-01-25T12:50:29")));
  CHECK(has_reason(decision_at(it, "2022-01-25T12:45:00"), "on battery"));
  CHECK(has_reason(decision_at(it, "2022-01-25T12:46:00"), "after an outage"));
  CHECK(has_reason(decision_at(it, "2022-01-25T12:50:28"), "after an outage"));
  CHECK(has_reason(decision_at(it, "2022-01-25T12:50:36"), "random return"));
  check_ramp(it, at("2022-01-25T12:50:29"));
  CHECK(it.changes.back().decision.state == State::full);
}

TEST_CASE("the neighbours' blackout: a second dip starts the 300 s anew") {
  SimulationInput input;
  const Simulation it = run(input, timeline(R"(
zone = "Asia/Almaty"
begin = 2022-01-25T11:00:00
end = 2022-01-25T14:00:00
[[step]]
at = 2022-01-25T11:59:00
power_cut = "40m"
[[step]]
at = 2022-01-25T12:43:00
signal = { source = "ups", cap = "0%", class = "protective", outage = true, for = "10s" }
)"));
  CHECK(has_reason(decision_at(it, "2022-01-25T12:42:59"), "after an outage"));
  CHECK(has_reason(decision_at(it, "2022-01-25T12:48:00"), "after an outage"));
  CHECK_FALSE(has_reason(decision_at(it, "2022-01-25T12:48:11"), "after an outage"));
  CHECK(zero_throughout(it, at("2022-01-25T12:39"), at("2022-01-25T12:48:10")));
}
