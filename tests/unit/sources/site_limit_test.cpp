#include "sources/site/site_limit.h"

#include <cmath>
#include <random>

#include "sources/site/site_limit_kind.h"
#include "tests/unit/catch.h"
#include "tests/unit/sources/simulated_site.h"
#include "tests/unit/sources/table_text.h"

using namespace ebb;
using namespace ebb::sources;
using namespace std::chrono_literals;
using tests::SimulatedSite;
using tests::SitePlant;

namespace {

SiteLimitSettings of_10kw() {
  return {.limit = 10'000, .margin = 200, .meter_delay = 3s};
}

std::string fault(std::string_view text) {
  return tests::fault_of(text,
                         [](throttle::TableReader& table) { kSiteLimitKind.read(table, "/etc"); });
}

}  // namespace

TEST_CASE(
    "site limit: no cap while there is room, others' load minus the margin when there is not") {
  SiteLimit rule(of_10kw());
  SimulatedSite site({}, rule);
  site.others = 2000;
  site.run(60s);
  CHECK(site.said == "100%");
  CHECK(site.own == Approx(3000).margin(30));
  site.others = 8000;
  site.run(60s);
  CHECK(std::get<throttle::PowerCap>(site.cap).watts == Approx(1800).margin(30));
  CHECK(site.own + site.others <= 10'000);
  CHECK(site.own == Approx(1800).margin(30));
}

TEST_CASE("site limit: others that draw all leave nothing") {
  SiteLimit rule(of_10kw());
  SimulatedSite site({}, rule);
  site.others = 11'000;
  site.run(60s);
  CHECK(site.said == "0%");
  CHECK(site.own == Approx(100).margin(10));  // what rests draws
}

TEST_CASE("site limit: a site that exports leaves more") {
  SiteLimit rule({.limit = 1000, .margin = 20, .meter_delay = 3s});
  SimulatedSite site({.noise = 0}, rule);
  site.others = -1500;
  site.run(60s);
  CHECK(site.own == Approx(2480).margin(30));
}

TEST_CASE("site limit: down by the first reading") {
  SiteLimit rule(of_10kw());
  SimulatedSite site({.meter_delay = 0s, .noise = 0}, rule);
  site.others = 2000;
  site.run(60s);
  site.others = 9000;
  site.run(1s);
  CHECK(std::get<throttle::PowerCap>(site.cap).watts == Approx(800).margin(2));
}

TEST_CASE("site limit: neither a late, slow nor noisy meter makes it oscillate") {
  struct Case {
    const char* name;
    SitePlant plant;
  };
  const Case cases[]{
      {"plain", {}},
      {"late", {.meter_delay = 3s}},
      {"late, and the miner is quick", {.meter_delay = 3s, .reach = 0.2}},
      {"late, and the miner is slow", {.meter_delay = 3s, .reach = 8}},
      {"noisy", {.noise = 150}},
      {"late and noisy", {.meter_delay = 2s, .noise = 150, .reach = 3}},
      {"averaging", {.meter_average = 2.5, .reach = 2}},
      {"seldom", {.meter_period = 3s}},
      {"the miner's own power is a model, 20 % too high", {.meter_delay = 2s, .own_scale = 1.2}},
      {"the miner's own power is a model, 20 % too low", {.meter_delay = 2s, .own_scale = 0.8}}};
  for (const Case& it : cases) {
    INFO(it.name);
    SiteLimit rule(of_10kw());
    SimulatedSite site(it.plant, rule);
    site.others = 2000;
    site.run(120s);
    for (const double others : {8000.0, 9500.0, 7500.0, 8500.0}) {
      INFO(others);
      site.others = others;
      site.run(90s);  // it settles
      site.begin_watch();
      site.run(300s);
      const double left = 10'000 - others;
      CHECK(site.most <= std::max(left, 100.0) + 20);
      CHECK(site.most - site.least < 2 * it.plant.noise + 120);
      CHECK(site.least > std::min(left - 600 - 2 * it.plant.noise, 2900.0));
      CHECK(site.changes <= 3);
    }
  }
}

TEST_CASE("site limit: a late meter that is admitted is not obeyed twice") {
  // With no delay admitted, what was shed already is shed again.
  const bool admitted = GENERATE(true, false);
  SiteLimit rule({.limit = 10'000, .margin = 200, .meter_delay = admitted ? 5s : 0s});
  SimulatedSite site({.meter_delay = 4s, .reach = 0.2}, rule);
  site.others = 2000;
  site.run(120s);
  site.others = 8500;
  site.begin_watch();
  site.run(300s);
  CHECK((site.least > 1100) == admitted);
}

TEST_CASE("site limit: the cap waits for a policy that is on its way up") {
  SiteLimit rule(of_10kw());
  SimulatedSite site({}, rule);
  site.others = 9000;
  site.run(60s);
  const std::string before = site.said;
  site.state = throttle::State::ramping;
  site.others = 5000;
  site.run(60s);
  CHECK(site.said == before);
  site.others = 9500;
  site.run(10s);
  CHECK(std::get<throttle::PowerCap>(site.cap).watts == Approx(300).margin(60));  // down it goes
  site.state = throttle::State::limited;
  site.others = 5000;
  site.run(60s);
  CHECK(site.said == "100%");
}

TEST_CASE("site limit: says nothing while the meter, or the miner's own power, is silent") {
  SiteLimit rule(of_10kw());
  CHECK(rule.read({9000.0, 50.0, throttle::SteadyTime{1000s}}).empty());
  CHECK(rule.trouble() == kNoOwnPower);
  SimulatedSite site({}, rule);
  site.others = 2000;
  site.run(60s);
  CHECK(rule.trouble().empty());
  CHECK(rule.read({std::nullopt, 50.0, site.now()}).empty());
  CHECK(rule.trouble() == kNoWatts);
  CHECK(rule.silent(site.now() + 1h).empty());
  // A power that was told long ago is none.
  CHECK(rule.read({2000.0, 50.0, site.now() + 10s}).empty());
  CHECK(rule.trouble() == kNoOwnPower);
}

TEST_CASE("site limit: what was shed is looked for at the site's meter") {
  SiteLimit rule(of_10kw());
  SimulatedSite site({}, rule);
  site.others = 2000;
  site.run(60s);
  SECTION("and seen") {
    site.order = 0;
    site.run(10s);
    CHECK(rule.trouble().empty());
    CHECK(rule.last().starts_with("shed 2.9kW, the site fell by "));
  }
  SECTION("and not seen: another machine's meter") {
    site.deaf = true;
    site.order = 0;
    site.run(4s);
    CHECK(rule.trouble().empty());
    site.run(4s);
    CHECK(rule.trouble() == "the site did not fall by what was shed: is this its meter?");
    CHECK(rule.last().starts_with("shed 2.9kW, the site fell by 0W within "));
    site.deaf = false;  // it falls after all
    site.run(5s);
    CHECK(rule.trouble().empty());
  }
  SECTION("and given back before it was seen") {
    site.deaf = true;
    site.order = 0;
    site.run(10s);
    CHECK_FALSE(rule.trouble().empty());
    site.order = 1;
    site.run(2s);
    CHECK(rule.trouble().empty());
  }
}

TEST_CASE("site limit: tables") {
  CHECK(fault("meter = 'site'\nlimit = '50kW'") == "");
  CHECK(fault("meter = 'site'\nlimit = '50kW'\nmargin = '0W'\nmeter_delay = '0s'") == "");
  const std::pair<const char*, const char*> wrong[]{
      {"limit = '50kW'", "line 1:1: meter: is missing: the name of a [[meter]]"},
      {"meter = 'site'", "line 1:1: limit: is missing, such as \"50kW\""},
      {"meter = 'site'\nlimit = '50%'",
       "line 2:9: limit: '50%' is not a power such as 250W (kW, MW)"},
      {"meter = 'site'\nlimit = '5GW'", "line 2:9: limit: is more than any meter shows"},
      {"meter = 'site'\nlimit = '1kW'\nmargin = '2kW'",
       "line 3:10: margin: is more than the limit"},
      {"meter = 'site'\nlimit = '1kW'\nmeter_delay = '2m'",
       "line 3:15: meter_delay: is longer than 60s"},
      {"meter = 'site'\nlimit = '1kW'\nlimt = '2kW'", "line 3:8: limt: unknown key"}};
  for (const auto& [text, expected] : wrong) {
    INFO(text);
    CHECK(fault(text) == expected);
  }
}
