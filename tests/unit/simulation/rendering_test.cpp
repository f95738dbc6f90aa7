#include "throttle/simulation/rendering.h"

#include <boost/json.hpp>

#include "tests/unit/simulation/support.h"

using namespace ebb::throttle;
using namespace ebb::throttle::testing;
using namespace std::chrono;

namespace {

constexpr std::string_view kZoneUtc = "UTC";

const SimulatedChange kFull{sys_days(2026y / May / 4) + 8h, true, {}, ""};

SimulatedChange change(milliseconds after, State state, double fraction, std::string reason = "") {
  SimulatedChange it = kFull;
  it.at += after;
  it.decision.state = state;
  it.decision.limit.fraction = fraction;
  it.decision.event = fraction < 1 ? 1 : 0;
  if (!reason.empty()) {
    Reason why;
    why.source = "grid";
    why.text = std::move(reason);
    why.limit.fraction = fraction;
    it.decision.reasons.push_back(std::move(why));
  }
  return it;
}

Simulation simulation(std::vector<SimulatedChange> changes) {
  Simulation it;
  it.begin = kFull.at;
  it.end = kFull.at + 10h;
  it.changes = std::move(changes);
  return it;
}

/// Zero for two hours, off for one, a ramp of a hundred seconds.
Simulation example() {
  std::vector<SimulatedChange> changes{kFull, change(1h, State::parked, 0, "order"),
                                       change(2h, State::parked, 0), change(3h, State::parked, 0)};
  changes[2].running = false;
  changes[2].happened = "power cut";
  for (int i = 1; i < 100; ++i) {
    changes.push_back(change(4h + seconds(i), State::ramping, i / 100.0,
                             "ramping up: " + std::to_string(i) + "% of 100%"));
  }
  changes.push_back(change(4h + 100s, State::full, 1));
  return simulation(std::move(changes));
}

}  // namespace

TEST_CASE("rendering: the summary adds up time at zero, time off, events and energy") {
  Simulation it = example();
  CHECK(summarise(it).at_zero == 1h + 1h + 1s);
  CHECK(summarise(it).off == 1h);
  CHECK(summarise(it).events == 1);
  CHECK_FALSE(summarise(it).energy_not_used_kwh);
  it.plant.full_watts = 1100;
  it.plant.idle_watts = 100;
  // Two hours, and half of the ramp: 1 kW.
  CHECK(*summarise(it).energy_not_used_kwh == Approx(2 + 50.0 / 3600).margin(0.001));
  CHECK(summary_text(it) == "At zero 2 h, off 1 h, 1 event, 2.014 kWh not used (nameplate).");
  CHECK(summary_text(simulation({kFull})) == "At zero 0 s, 0 events.");
}

TEST_CASE("rendering: a ramp is one row, whatever its length") {
  const Simulation it = example();
  const auto shown = rows(it);
  REQUIRE(shown.size() == 6);
  CHECK(shown[4]->decision.state == State::ramping);
  CHECK(shown[5]->decision.state == State::full);
}

TEST_CASE("rendering: a movement within one state shows where it ends") {
  std::vector<SimulatedChange> changes{kFull};
  for (int i = 1; i <= 30; ++i)
    changes.push_back(change(1h + seconds(i), State::limited, 1 - i / 60.0, "dear"));
  changes.push_back(change(2h, State::limited, 0.25, "dear"));
  const Simulation it = simulation(std::move(changes));
  const auto shown = rows(it);
  REQUIRE(shown.size() == 4);
  CHECK(cap_text(*shown[1]) == "98.3%");
  CHECK(cap_text(*shown[2]) == "50%");
  CHECK(cap_text(*shown[3]) == "25%");
}

TEST_CASE("rendering: what happened always has a row, and so has another reason") {
  std::vector<SimulatedChange> changes{kFull, change(1h, State::parked, 0, "a: 1 of 5 s"),
                                       change(1h + 1s, State::parked, 0, "a: 2 of 5 s"),
                                       change(1h + 2s, State::parked, 0, "b"),
                                       change(1h + 3s, State::parked, 0, "b")};
  changes[4].happened = "restart";
  const Simulation it = simulation(std::move(changes));
  const auto shown = rows(it);
  REQUIRE(shown.size() == 4);
  CHECK(shown[1] == &it.changes[1]);
  CHECK(shown[2] == &it.changes[3]);
  CHECK(shown[3] == &it.changes[4]);
}

TEST_CASE("rendering: the table") {
  Simulation it = simulation({kFull, change(1h, State::parked, 0, "order of the 4th")});
  it.changes[1].decision.reasons[0].until = kFull.at + 2h;
  it.changes[1].decision.reasons.push_back({"price", {}, {}, "economic 20%", {}, true});
  it.changes[1].decision.earliest_return = kFull.at + 2h + 10min;
  CHECK(to_text(it, kZoneUtc) ==
        "time                       state   cap   why\n"
        "2026-05-04 08:00:00+00:00  FULL    100%\n"
        "2026-05-04 09:00:00+00:00  PARKED  0%    grid: order of the 4th, until 2026-05-04 "
        "10:00:00+00:00\n"
        "                                         price: economic 20% (overridden)\n"
        "                                         full at the earliest: 2026-05-04 "
        "10:10:00+00:00\n"
        "\n"
        "At zero 9 h, 1 event.\n");
}

TEST_CASE("rendering: nothing in a reason steers the terminal") {
  const Simulation it = simulation({kFull, change(1h, State::parked, 0, "a\x1b[2Jb\nc")});
  CHECK(to_text(it, kZoneUtc).find("grid: a [2Jb c\n") != std::string::npos);
}

TEST_CASE("rendering: JSON has every change") {
  const Simulation it = example();
  const auto json = boost::json::parse(to_json(it)).as_object();
  CHECK(json.at("begin") == "2026-05-04T08:00:00.000Z");
  CHECK(json.at("summary").at("off_s").as_double() == 3600);
  const auto& changes = json.at("changes").as_array();
  REQUIRE(changes.size() == it.changes.size());
  CHECK(changes[1].at("at") == "2026-05-04T09:00:00.000Z");
  CHECK(changes[1].at("state") == "PARKED");
  CHECK(changes[1].at("event") == 1);
  CHECK(changes[1].at("limit").at("fraction").as_double() == 0);
  CHECK(changes[1].at("limit").at("watts").is_null());
  CHECK(changes[1].at("reasons").at(0).at("text") == "order");
  CHECK(changes[1].at("earliest_return").is_null());
  CHECK(changes[2].at("running") == false);
  CHECK(changes[2].at("state") == "off");
  CHECK(changes[2].at("happened") == "power cut");
}

TEST_CASE("rendering: the page shows foreign text as text") {
  Simulation it = simulation({kFull, change(1h, State::parked, 0, "<script>alert('1')</script>")});
  it.changes[1].happened = "a & b";
  const std::string page = to_html(it, kZoneUtc);
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("&lt;script&gt;alert(&#39;1&#39;)") != std::string::npos);
  CHECK(page.find("a &amp; b") != std::string::npos);
  CHECK(page.find("http") == page.find("http://www.w3.org/2000/svg"));
  CHECK(page.find("prefers-color-scheme: dark") != std::string::npos);
}

TEST_CASE("rendering: the picture steps where the cap does") {
  // Ten hours on 896 units from 48 on, 212 units high from 16 on.
  const Simulation it =
      simulation({kFull, change(1h, State::limited, 0.5), change(5h, State::full, 1)});
  CHECK(to_svg(it, kZoneUtc)
            .find("class=\"cap\" d=\"M48.0 16.0V16.0H137.6V122.0H496.0V16.0H944.0\"") !=
        std::string::npos);
}

TEST_CASE("rendering: the picture of a million changes stays small and keeps their extremes") {
  std::vector<SimulatedChange> changes;
  for (int i = 0; i < 200'000; ++i)
    changes.push_back(change(milliseconds(100 * i), State::limited, i % 2 == 0 ? 0.25 : 0.75));
  const std::string picture = to_svg(simulation(std::move(changes)), kZoneUtc);
  CHECK(picture.size() < 200'000);
  CHECK(picture.find("V175.0") != std::string::npos);
  CHECK(picture.find("V69.0") != std::string::npos);
}
