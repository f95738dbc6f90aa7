#include "sources/site/surplus.h"

#include "sources/site/surplus_kind.h"
#include "tests/unit/catch.h"
#include "tests/unit/sources/simulated_site.h"
#include "tests/unit/sources/table_text.h"

using namespace ebb;
using namespace ebb::sources;
using namespace std::chrono_literals;
using tests::SimulatedSite;
using tests::SitePlant;

namespace {

SurplusSettings of_sun() {
  return {.reserve = 100,
          .margin = 100,
          .start = 1000,
          .stop = 500,
          .start_after = 60s,
          .stop_after = 60s,
          .meter_delay = 3s};
}

std::string fault(std::string_view text) {
  return tests::fault_of(text,
                         [](throttle::TableReader& table) { kSurplusKind.read(table, "/etc"); });
}

}  // namespace

TEST_CASE("surplus: mines what would be exported, less the reserve") {
  Surplus rule(of_sun());
  SimulatedSite site({}, rule);
  site.others = 500;
  site.run(300s);
  CHECK(site.said == "0%");
  site.others = -2000;
  site.run(50s);
  CHECK(site.said == "0%");  // it must last
  site.run(100s);
  CHECK(site.own == Approx(1800).margin(120));
  CHECK(site.own + site.others <= -100);
  site.others = -5000;
  site.run(60s);
  CHECK(site.said == "100%");
  CHECK(site.own == Approx(3000).margin(10));
}

TEST_CASE("surplus: never more than is exported, whatever the meter") {
  struct Case {
    const char* name;
    SitePlant plant;
  };
  const Case cases[]{{"plain", {}},
                     {"late", {.meter_delay = 3s, .reach = 0.2}},
                     {"noisy", {.noise = 80}},
                     {"averaging", {.meter_average = 2.5, .reach = 2}}};
  for (const Case& it : cases) {
    INFO(it.name);
    Surplus rule(of_sun());
    SimulatedSite site(it.plant, rule);
    for (const double sun : {2000.0, 2600.0, 1500.0, 2200.0}) {
      INFO(sun);
      site.others = -sun;
      site.run(120s);
      site.begin_watch();
      site.run(300s);
      CHECK(site.most <= sun);
      CHECK(site.least > sun - 100 - 3 * 100 - 2 * it.plant.noise);
      CHECK(site.most - site.least < 2 * it.plant.noise + 60);
      CHECK(site.changes <= 3);
    }
  }
}

TEST_CASE("surplus: a cloud lowers it, and only one that lasts ends it") {
  Surplus rule(of_sun());
  SimulatedSite site({}, rule);
  site.others = -2000;
  site.run(180s);
  site.others = -400;  // below stop
  site.run(20s);
  CHECK(site.said != "0%");
  CHECK(site.own + site.others <= 0);
  site.others = -2000;
  site.run(60s);
  CHECK(site.own > 1500);  // without waiting for start_after
  site.others = -400;
  site.run(80s);
  CHECK(site.said == "0%");
  site.others = -900;  // above stop, below start
  site.run(300s);
  CHECK(site.said == "0%");
  site.others = -2000;
  site.run(100s);
  CHECK(site.own > 1500);
}

TEST_CASE("surplus: no surplus at all is zero at once") {
  Surplus rule(of_sun());
  SimulatedSite site({.meter_delay = 0s}, rule);
  site.others = -2000;
  site.run(180s);
  site.others = 1000;
  site.run(2s);
  CHECK(site.said == "0%");
}

TEST_CASE("surplus: a silent meter is a cap of zero, an unknown power of its own as well") {
  Surplus rule(of_sun());
  SimulatedSite site({}, rule);
  site.others = -2000;
  site.run(180s);
  REQUIRE(site.said != "0%");
  const auto cap_of = [](const std::vector<Update>& updates) {
    return throttle::text(std::get<SaidAll>(updates.at(0)).signals.at(0).cap);
  };
  CHECK(rule.silent(site.now() + 5s).empty());
  CHECK(cap_of(rule.silent(site.now() + 11s)) == "0%");
  site.run(30s);
  CHECK(site.said == "0%");  // start_after begins anew
  site.run(120s);
  CHECK(site.said != "0%");
  CHECK(cap_of(rule.read({std::nullopt, 50.0, site.now()})) == "0%");
  CHECK(rule.trouble() == kNoWatts);
  CHECK(cap_of(rule.read({-2000.0, 50.0, site.now() + 10s})) == "0%");
  CHECK(rule.trouble() == kNoOwnPower);
}

TEST_CASE("surplus: tables") {
  CHECK(fault("meter = 'site'\nstart = '2kW'") == "");
  CHECK(fault("meter = 'site'\nstart = '2kW'\nstop = '1kW'\nreserve = '200W'\nmargin = '50W'\n"
              "start_after = '5m'\nstop_after = '0s'\nmeter_delay = '10s'") == "");
  const std::pair<const char*, const char*> wrong[]{
      {"start = '2kW'", "line 1:1: meter: is missing: the name of a [[meter]]"},
      {"meter = 'site'", "line 1:1: start: is missing, such as \"2kW\""},
      {"meter = 'site'\nstart = '2kW'\nstop = '3kW'", "line 3:8: stop: is more than start"}};
  for (const auto& [text, expected] : wrong) {
    INFO(text);
    CHECK(fault(text) == expected);
  }
}
