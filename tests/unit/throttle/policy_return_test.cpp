// The way back up, rule by rule.

#include <set>

#include "tests/unit/throttle/throttle_support.h"

using namespace ebb::throttle;
using enum SignalClass;

namespace {

PolicySettings with_random(std::chrono::seconds most) {
  PolicySettings settings = Site::plain();
  settings.random_return = most;
  return settings;
}

Signal outage(const Site& site) {
  Signal it = site.signal("ups", DutyCap{0}, protective);
  it.outage = true;
  return it;
}

}  // namespace

TEST_CASE("policy: down at once, up after the debounce on a linear ramp") {
  Site site;
  CHECK(site.send("grid", DutyCap{0}, mandatory).limit.is_zero());
  CHECK(site.retract("grid").state == State::holdoff);
  CHECK(says(site.decision(), "no cap left for 0 of 5 s"));
  CHECK(site.decision().earliest_return == site.now.wall + 105s);
  CHECK(site.run(4s).state == State::holdoff);
  CHECK(site.run(1s).state == State::ramping);
  CHECK(site.fraction() == 0);
  CHECK(site.run(40s).limit.fraction == Approx(0.4));
  CHECK(site.decision().earliest_return == site.now.wall + 60s);
  CHECK(says(site.decision(), "ramping up: 40% of 100%"));
  site.run(59s);
  CHECK(site.decision().state == State::ramping);
  CHECK(site.run(1s).state == State::full);
  CHECK(site.decision().event == 0);
  CHECK_FALSE(site.decision().earliest_return);
}

TEST_CASE("policy: a cap during the debounce starts it again") {
  Site site;
  site.send("grid", DutyCap{0}, mandatory);
  site.retract("grid");
  site.run(4s);
  site.send("grid", DutyCap{0.5}, mandatory);
  CHECK(site.retract("grid").limit.is_zero());
  CHECK(site.run(5s).limit.is_zero());
  CHECK(site.run(1s).limit.fraction == Approx(0.01));
}

TEST_CASE("policy: a new cap starts the wait again, also one that is above what is in force") {
  Site site;
  site.send("grid", DutyCap{0}, mandatory);
  site.retract("grid");
  site.run(4s);
  CHECK(site.send("ups", DutyCap{0.5}, protective).state == State::holdoff);
  CHECK(site.run_until_rise() == 6s);
}

TEST_CASE("policy: a cap during the ramp lowers it, and the way up begins again") {
  Site site;
  site.send("grid", DutyCap{0}, mandatory);
  site.retract("grid");
  CHECK(site.run(55s).limit.fraction == Approx(0.5));
  CHECK(site.send("ups", DutyCap{0.3}, protective).limit.fraction == 0.3);
  CHECK(site.decision().state == State::limited);
  CHECK(site.retract("ups").limit.fraction == 0.3);
  CHECK(site.run_until_rise() == 6s);
  CHECK(site.fraction() == Approx(0.31));
}

TEST_CASE("policy: a ramp goes on up to a cap that is above it") {
  Site site;
  site.send("grid", DutyCap{0}, mandatory);
  site.retract("grid");
  site.run(35s);
  CHECK(site.send("ups", DutyCap{0.5}, protective).limit.fraction == Approx(0.3));
  CHECK(site.run(100s).limit.fraction == 0.5);
  CHECK(site.decision().state == State::limited);
}

TEST_CASE("policy: a rise in parts passes debounce, random return and ramp as well") {
  Site site;
  site.send("grid", DutyCap{0}, mandatory);
  site.send("ups", DutyCap{0.4}, protective);
  CHECK(site.retract("grid").state == State::holdoff);
  CHECK(site.run(5s).limit.is_zero());
  CHECK(site.run(20s).limit.fraction == Approx(0.2));
  CHECK(site.run(50s).limit.fraction == 0.4);
  CHECK(site.decision().state == State::limited);
  CHECK(site.decision().event == 1);
}

TEST_CASE("policy: no ramp is a ramp at once") {
  PolicySettings settings = Site::plain();
  settings.ramp_up = 0s;
  Site site(settings);
  site.send("operator", DutyCap{0}, by_operator);
  CHECK(site.retract("operator").state == State::full);
}

TEST_CASE("policy: a ramp is no faster than so many watts a minute, where watts are known") {
  PolicySettings settings = Site::plain();
  settings.ramp_watts_per_minute = 120;
  Site site(settings, {1100, 100, {}});
  site.send("operator", DutyCap{0}, by_operator);
  site.retract("operator");
  CHECK(site.run(100s).limit.fraction == Approx(0.2));  // 2 W/s of 1,000 W
  Site blind(settings);
  blind.send("operator", DutyCap{0}, by_operator);
  blind.retract("operator");
  CHECK(blind.run(50s).limit.fraction == Approx(0.5));
}

TEST_CASE("policy: a ramp begins at what was in force, from nothing where that is not known") {
  Site known(Site::plain(), {1100, 100, {}});
  known.send("operator", PowerCap{600}, by_operator);
  known.retract("operator");
  CHECK(known.decision().limit == Limit{0.5, {}, {}});
  Site blind;
  blind.send("operator", PowerCap{600}, by_operator);
  CHECK(blind.retract("operator").limit.is_zero());
  CHECK(blind.run(10s).limit.fraction == Approx(0.1));
}

TEST_CASE("policy: a long gap counts as ten seconds") {
  Site site;
  site.send("operator", DutyCap{0}, by_operator);
  site.retract("operator");
  site.run(10s);
  site.pass(50s);
  CHECK(site.decide().limit.fraction == Approx(0.2));
}

TEST_CASE("policy: the operator's own caps know no debounce and no random return") {
  Site site(with_random(600s));
  site.send("operator", DutyCap{0}, by_operator);
  CHECK(site.retract("operator").state == State::ramping);
  SECTION("but the event's other caps do") {
    site.send("price", DutyCap{0}, economic);
    site.send("operator", DutyCap{0}, by_operator);
    site.retract("price");
    CHECK(site.retract("operator").state == State::holdoff);
  }
}

TEST_CASE("policy: the random return is drawn once an event and kept over restarts") {
  Site site(with_random(600s));
  site.send("grid", DutyCap{0}, mandatory);
  site.retract("grid");
  site.run(10s);
  CHECK(says(site.decision(), "random return: 5 of"));
  const auto due = site.decision().earliest_return;
  CHECK(site.restart(Start::clean).earliest_return == due);
  CHECK(site.decision().limit.is_zero());
  const auto rest = site.run_until_rise();

  site.send("grid", DutyCap{0}, mandatory);  // the same event: the same draw
  site.retract("grid");
  CHECK(site.run_until_rise() == rest + 10s);
  site.run(100s);
  REQUIRE(site.decision().state == State::full);

  site.send("grid", DutyCap{0}, mandatory);  // another event
  site.retract("grid");
  CHECK(site.run_until_rise() != rest + 10s);
}

TEST_CASE("policy: random returns spread over all of the span") {
  std::set<std::int64_t> minutes;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    auto throttle = Throttle::start(with_random(600s), Start::fresh, {}, seed).value();
    const Now now{SteadyTime(1s), WallTime(1s), true};
    throttle.heard(now, "grid");
    Signal it;
    it.source = "grid";
    it.id = "1";
    REQUIRE(throttle.accept(now, it));
    throttle.decide(now, Zero::not_asked, {});
    throttle.retract(now, "grid", "1", 0);
    throttle.decide(now, Zero::not_asked, {});
    const auto delay = *throttle.decision().earliest_return - now.wall - 105s;
    CHECK((delay >= 0s && delay <= 600s));
    minutes.insert(std::chrono::floor<std::chrono::minutes>(delay).count());
  }
  CHECK(minutes.size() >= 10);
}

TEST_CASE("policy: a clean restart goes on where the ramp was") {
  Site site;
  site.send("grid", DutyCap{0}, mandatory);
  site.retract("grid");
  site.run(45s);
  CHECK(site.restart(Start::clean, 300s).limit.fraction == Approx(0.4));
  CHECK(site.run(10s).limit.fraction == Approx(0.5));
  CHECK(site.decision().event == 1);
}

TEST_CASE("policy: after an outage the mains must be good without a break") {
  Site site;
  site.send(outage(site));
  CHECK(site.run(10s).state == State::parked);
  CHECK(site.retract("ups").state == State::holdoff);
  CHECK(site.run(120s).limit.is_zero());
  CHECK(says(site.decision(), "after an outage: mains good for 120 of 300 s"));
  CHECK(site.decision().earliest_return == site.now.wall + 180s + 105s);
  SECTION("then debounce and ramp") {
    CHECK(site.run_until_rise() == 180s + 6s);
  }
  SECTION("a new dip starts it again") {
    site.send(outage(site));
    site.run(3s);
    site.retract("ups");
    CHECK(site.run_until_rise() == 300s + 6s);
  }
  SECTION("a dip that is ridden through does not") {
    site.send(outage(site));
    site.run(1s);
    site.retract("ups");
    CHECK(site.run_until_rise() == 180s + 5s);
  }
  SECTION("a clean restart keeps what has been waited") {
    site.restart(Start::clean);
    CHECK(site.run_until_rise() == 180s + 6s);
  }
  SECTION("an override does not shorten it") {
    site.force(1h);
    CHECK(site.run_until_rise() == 180s + 6s);
  }
  SECTION("a gap counts as ten seconds") {
    site.pass(100s);
    site.decide();
    CHECK(site.run_until_rise() == 170s + 6s);
  }
}

TEST_CASE("policy: dips shorter than two seconds are ridden through, unless urgent") {
  Site site;
  CHECK(site.send(outage(site)).state == State::full);
  CHECK(site.run(1s).state == State::full);
  site.retract("ups");
  site.run(10s);
  CHECK(site.send(outage(site)).state == State::full);
  CHECK(site.run(2s).limit.is_zero());
  site.retract("ups");
  site.run(500s);
  REQUIRE(site.decision().state == State::full);
  Signal urgent = outage(site);
  urgent.urgent = true;
  CHECK(site.send(urgent).limit.is_zero());
}

TEST_CASE("policy: what a start means") {
  Site site;
  SECTION("after an outage of the machine") {
    CHECK(site.restart(Start::outage, 60s).limit.is_zero());
    CHECK(site.run_until_rise() == 306s);
  }
  SECTION("killed, outside an event") {
    CHECK(site.restart(Start::killed).state == State::full);
  }
  SECTION("killed in an event") {
    site.send("grid", DutyCap{0.5}, mandatory);
    CHECK(site.restart(Start::killed).limit.is_zero());
    CHECK(site.run_until_rise() == 306s);
  }
  SECTION("clean") {
    site.send("grid", DutyCap{0.5}, mandatory);
    CHECK(site.restart(Start::clean).limit.fraction == 0.5);
  }
  SECTION("killed, where nobody wants recovery") {
    PolicySettings settings = Site::plain();
    settings.recover_from_outages = false;
    Site other(settings);
    CHECK(other.restart(Start::outage).state == State::full);
  }
}

TEST_CASE("policy: events are numbered, from the first cap to full again") {
  Site site;
  CHECK(site.decision().event == 0);
  site.send("grid", DutyCap{0}, mandatory);
  site.send("ups", DutyCap{0}, protective);
  site.retract("grid");
  site.retract("ups");
  CHECK(site.run(50s).event == 1);
  CHECK(site.run(100s).event == 0);
  CHECK(site.send("grid", DutyCap{0.9}, mandatory).event == 2);
}

TEST_CASE("policy: every reason must be gone for the debounce and the random return") {
  Site site;
  site.send("grid", DutyCap{0}, mandatory);
  site.send("ups", DutyCap{0.4}, protective);
  site.retract("grid");
  site.run(4s);
  site.retract("ups");
  CHECK(site.run_until_rise() == 6s);
  SECTION("on a ramp too: it waits where it is") {
    site.send("ups", DutyCap{0.4}, protective);
    site.send("grid", DutyCap{0.01}, mandatory);
    site.retract("grid");
    site.run(15s);
    CHECK(site.fraction() == Approx(0.11));
    CHECK(site.retract("ups").state == State::holdoff);
    CHECK(site.run(5s).limit.fraction == Approx(0.11));
    CHECK(site.run(1s).limit.fraction == Approx(0.12));
  }
}

TEST_CASE("policy: a start raises nothing by itself") {
  Site site;
  site.send("operator", DutyCap{0.5}, by_operator, 10s);
  site.run(5s);
  CHECK(site.restart(Start::clean, 60s).limit.fraction == 0.5);
  CHECK(site.decision().state == State::holdoff);
  CHECK(site.run(2s).limit.fraction == Approx(0.51));
}

TEST_CASE("policy: what ends while an economic cap comes down does not disturb it") {
  PolicySettings settings = Site::plain();
  settings.economic_ramp_down = 100s;
  Site site(settings);
  site.send("operator", HashrateCap{5e8}, by_operator);
  site.send("price", DutyCap{0.3}, economic);
  CHECK(site.run(20s).limit.fraction == Approx(0.8));
  CHECK(site.retract("operator").limit.fraction == Approx(0.8));
  CHECK(site.run(10s).limit.fraction == Approx(0.7));
  CHECK(site.decision().limit.hps == 5e8);
}
