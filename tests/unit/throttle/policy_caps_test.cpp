// Which caps stand, rule by rule.

#include "tests/unit/throttle/throttle_support.h"

using namespace ebb::throttle;
using enum SignalClass;

namespace {

PolicySettings with(SourceRule rule) {
  PolicySettings settings = Site::plain();
  settings.sources.push_back(std::move(rule));
  return settings;
}

const SourceRule kGrid{"grid", mandatory, true, 240s, 60s, DutyCap{0.4}, 0};

}  // namespace

TEST_CASE("policy: the minimum wins, in each unit, and every reason is told") {
  Site site;
  site.send("grid", DutyCap{0.6}, mandatory);
  site.send("ups", PowerCap{500}, protective);
  site.send("price", DutyCap{1}, economic);
  const Decision& decision = site.send("operator", DutyCap{0.5}, by_operator);
  CHECK(decision.limit == Limit{0.5, 500, {}});
  CHECK(decision.state == State::limited);
  REQUIRE(decision.reasons.size() == 3);
  CHECK(decision.reasons[0].source == "operator");
  CHECK(decision.reasons[1].text == "mandatory 60%");
  CHECK(decision.reasons[2].limit == Limit{1, 500, {}});
  CHECK_FALSE(decision.earliest_return);
}

TEST_CASE("policy: a source demands no less than its floor, in the units that can be converted") {
  SourceRule rule{"grid", mandatory, false};
  rule.floor = 0.2;
  Site site(with(rule), {1100, 100, 1e9});
  CHECK(site.send("grid", DutyCap{0}, mandatory).limit == Limit{0.2, {}, {}});
  CHECK(site.send("grid", PowerCap{0}, mandatory).limit.watts == 300);
  Site blind(with(rule));
  CHECK(blind.send("grid", PowerCap{0}, mandatory).limit.is_zero());
  CHECK(site.send("ups", DutyCap{0}, protective).limit.is_zero());
}

TEST_CASE("policy: a signal is a level: it stands until its end, and a permission raises nothing") {
  Site site;
  site.send("grid", DutyCap{0}, mandatory, 30s);
  CHECK(site.run(29s).limit.is_zero());
  CHECK(site.send("price", DutyCap{1}, economic).limit.is_zero());
  CHECK(site.decision().reasons.size() == 1);
  CHECK(site.run(1s).state == State::holdoff);
  CHECK(site.run(5s).state == State::ramping);
}

TEST_CASE("policy: a signal that has yet to begin is the next change, and sheds on time") {
  Site site;
  Signal later = site.signal("schedule", DutyCap{0}, mandatory);
  later.valid_from = site.now.wall + 10s;
  later.valid_until = site.now.wall + 20s;
  later.reason = "KEGOC order";
  CHECK(site.send(later).state == State::full);
  CHECK(site.decision().next == PlannedChange{later.valid_from, "schedule: 0% (KEGOC order)"});
  CHECK(site.run(9s).state == State::full);
  CHECK(site.run(1s).state == State::shedding);
  CHECK(site.decision().next->text == "schedule: 0% ends (KEGOC order)");
  CHECK(site.decision().reasons.at(0).until == later.valid_until);
  CHECK(site.decision().earliest_return == *later.valid_until + 5s + 100s);
}

TEST_CASE("policy: a mandatory feed gone stale brings its fallback, and never a rise") {
  Site site(with(kGrid));
  site.send("grid", DutyCap{0.8}, mandatory);
  CHECK(site.run_until_rise() == 6s);
  site.run(200s);
  CHECK(site.fraction() == 0.8);
  CHECK(site.run(34s).limit.fraction == 0.8);
  CHECK(site.run(1s).limit.fraction == 0.4);
  CHECK(says(site.decision(), "grid not heard for more than 240 s"));
  CHECK_FALSE(site.decision().earliest_return);
  SECTION("what it said stands if it is lower") {
    site.send("grid", DutyCap{0.1}, mandatory);
    CHECK(site.run(1000s).limit.fraction == 0.1);
  }
  SECTION("heard again, it returns in the proper way") {
    CHECK(site.hear("grid").limit.fraction == 0.4);
    CHECK(site.run_until_rise() == 6s);
  }
}

TEST_CASE(
    "policy: an economic feed gone stale holds what it asked for, and its permission is nothing") {
  Site site(with({"price", economic, true, 240s, 60s, DutyCap{0}, 0}));
  CHECK(site.decision().state == State::full);  // nothing to wait for at the start
  site.send("price", DutyCap{0.5}, economic);
  CHECK(site.run(1000s).limit.fraction == 0.5);
  site.send("price", DutyCap{1}, economic);
  CHECK(site.run(1000s).state == State::full);
}

TEST_CASE("policy: schedule and operator are no feeds: their silence means nothing") {
  Site site(with({"schedule", mandatory, false}));
  CHECK(site.run(1000s).state == State::full);
}

TEST_CASE("policy: a cold start is at zero until a mandatory feed is heard") {
  Site site(with(kGrid));
  CHECK(site.decision().limit.is_zero());
  CHECK(site.decision().event == 1);
  CHECK(says(site.decision(), "waiting for grid"));
  SECTION("heard") {
    CHECK(site.hear("grid").limit.is_zero());
    CHECK(site.run_until_rise() == 6s);
  }
  SECTION("not heard until its grace is over: its fallback") {
    CHECK(site.run(59s).limit.is_zero());
    CHECK(site.run_until_rise() == 7s);
    CHECK(site.run(300s).limit.fraction == 0.4);
  }
  SECTION("what it had said is back first, and stands") {
    site.send("grid", DutyCap{0.2}, mandatory);
    site.run(200s);
    CHECK(site.fraction() == 0.2);
    CHECK(site.restart(Start::clean).limit.is_zero());
    CHECK(site.run(400s).limit.fraction == 0.2);
  }
}

TEST_CASE("policy: a clock that nothing keeps may begin a cap, and not end one") {
  Site site;
  site.now.synchronised = false;
  Signal later = site.signal("schedule", DutyCap{0}, mandatory);
  later.valid_from = site.now.wall + 10s;
  later.valid_until = site.now.wall + 20s;
  site.send(later);
  CHECK(site.run(10s).limit.is_zero());
  CHECK(site.run(1000s).limit.is_zero());
  CHECK(says(site.decision(), "its end is not believed: the clock is not synchronised"));
  CHECK_FALSE(site.decision().reasons.at(0).until);
  CHECK_FALSE(site.decision().earliest_return);
  site.now.synchronised = true;
  CHECK(site.decide().state == State::holdoff);
  CHECK(site.run_until_rise() == 6s);
}

TEST_CASE("policy: a trusted clock needs nobody to keep it") {
  PolicySettings settings = Site::plain();
  settings.trust_clock = true;
  Site site(settings);
  site.now.synchronised = false;
  site.send("operator", DutyCap{0}, by_operator, 10s);
  site.run(12s);
  CHECK(site.fraction() > 0);
}

TEST_CASE("policy: a clock that jumped ends nothing until it has settled") {
  Site site;
  site.send("schedule", DutyCap{0}, mandatory, 1h);
  site.run(10s);
  site.now.wall += 2h;
  CHECK(site.decide().limit.is_zero());
  CHECK(says(site.decision(), "the clock has jumped"));
  CHECK_FALSE(site.throttle().clock_believed());
  SECTION("it was set right") {
    CHECK(site.run(59s).state == State::parked);
    CHECK(site.run(1s).state == State::holdoff);
  }
  SECTION("it jumps back: nothing has happened") {
    site.run(30s);
    site.now.wall -= 2h;
    CHECK(site.run(100s).state == State::parked);
    CHECK(site.decision().reasons.at(0).until);
  }
}

TEST_CASE("policy: what has begun stays begun when the clock is set back") {
  Site site;
  Signal later = site.signal("schedule", DutyCap{0}, mandatory);
  later.valid_from = site.now.wall + 10s;
  site.send(later);
  CHECK(site.run(11s).limit.is_zero());
  site.now.wall -= 1h;
  CHECK(site.run(30s).limit.is_zero());
  CHECK(site.run(31s).state == State::holdoff);  // by now the clock is believed: too early
}

TEST_CASE("policy: a start with a clock behind the last one seen does not believe it") {
  Site site;
  site.send("schedule", DutyCap{0}, mandatory, 100s);
  site.run(10s);
  site.now.wall -= 1h;
  site.restart(Start::clean);
  CHECK_FALSE(site.throttle().clock_believed());
  CHECK(site.decision().limit.is_zero());
}

TEST_CASE("policy: clocks mean nothing to a miner without signals") {
  Site site;
  site.now.synchronised = false;
  CHECK(site.run(10s).state == State::full);
  site.now.wall -= 10h;
  CHECK(site.run(10s).state == State::full);
}

TEST_CASE("policy: a small correction of the clock is no jump") {
  Site site;
  site.now.wall += 1900ms;
  site.run(1s);
  CHECK(site.throttle().clock_believed());
}

TEST_CASE("policy: economic caps dwell before they count, and then count for a while") {
  PolicySettings settings = Site::plain();
  settings.economic_dwell_off = 30s;
  settings.economic_dwell_on = 60s;
  Site site(settings);
  site.send("price", DutyCap{0.2}, economic);
  CHECK(site.run(29s).state == State::full);
  CHECK(site.decision().reasons.empty());
  CHECK(site.run(1s).limit.fraction == 0.2);
  site.run(9s);
  site.retract("price");
  CHECK(says(site.decision(), "it stays for"));
  CHECK(site.run(50s).state == State::limited);
  CHECK(site.run(1s).state == State::holdoff);
  SECTION("a cap that ends before it counted never counts") {
    site.run(200s);
    site.send("price", DutyCap{0.2}, economic, 29s);
    CHECK(site.run(100s).state == State::full);
  }
}

TEST_CASE("policy: economic caps come down on a ramp, the others at once") {
  PolicySettings settings = Site::plain();
  settings.economic_ramp_down = 60s;
  Site site(settings);
  CHECK(site.send("price", DutyCap{0.25}, economic).limit.is_full());
  CHECK(site.decision().event == 1);
  CHECK(site.run(15s).limit.fraction == Approx(0.75));
  CHECK(site.run(30s).limit.fraction == 0.25);
  CHECK(site.send("grid", DutyCap{0.1}, mandatory).limit.fraction == 0.1);
}

TEST_CASE("policy: an override masks what it may, and what it masks stays listed") {
  Site site(with(kGrid));
  site.hear("grid");
  site.run(200s);
  site.send("price", DutyCap{0}, economic);
  site.send("operator", DutyCap{0}, by_operator);
  site.force(1h);
  CHECK(site.decision().limit.is_zero());  // debounce and ramp are not spared
  CHECK(site.decision().reasons.at(1).overridden);
  CHECK(site.run(120s).state == State::full);
  CHECK(site.hear("grid").reasons.size() == 2);
  CHECK(site.decision().event == 0);
  SECTION("never a protective cap") {
    CHECK(site.send("ups", DutyCap{0}, protective).limit.is_zero());
  }
  SECTION("never a mandatory one that is fresh") {
    CHECK(site.send("grid", DutyCap{0}, mandatory).limit.is_zero());
    SECTION("but one that is stale") {
      site.run(241s);
      CHECK(site.run(200s).state == State::full);
    }
  }
  SECTION("never a schedule's, which is never stale") {
    site.send("schedule", DutyCap{0}, mandatory);
    CHECK(site.run(2000s).limit.is_zero());
  }
  SECTION("it ends in time") {
    CHECK(site.run(3479s).state == State::full);
    CHECK(site.run(1s).limit.is_zero());
    CHECK_FALSE(site.throttle().override_now());
    CHECK(site.decision().event == 3);  // the first was the cold start's
  }
  SECTION("it ends with the belief in the clock, for good") {
    site.now.synchronised = false;
    CHECK(site.decide().limit.is_zero());
    site.now.synchronised = true;
    CHECK(site.run(100s).limit.is_zero());
  }
  SECTION("it survives a restart") {
    site.restart(Start::clean);
    CHECK(site.run(200s).state == State::full);
  }
}

TEST_CASE("policy: an override passes a cold start, and spares the random return") {
  PolicySettings settings = with(kGrid);
  settings.random_return = 1h;
  Site site(settings);
  CHECK(site.decision().limit.is_zero());
  site.force(1h);
  CHECK(site.run_until_rise() == 6s);
}

TEST_CASE("policy: the states of zero say what the devices have been seen to do") {
  PolicySettings settings = Site::plain();
  auto throttle = Throttle::start(settings, Start::fresh, {}, 1).value();
  Now now{SteadyTime(1s), WallTime(1s), true};
  Signal hold;
  hold.source = "grid";
  hold.id = "1";
  REQUIRE(throttle.accept(now, hold));
  CHECK(throttle.decide(now, Zero::not_asked, {}).state == State::shedding);
  CHECK(throttle.decide(now, Zero::awaited, {}).state == State::shedding);
  CHECK(throttle.decide(now, Zero::proved, {}).state == State::parked);
  CHECK(throttle.decide(now, Zero::released, {}).state == State::released);
  CHECK(throttle.decide(now, Zero::failed, {}).state == State::fault);
  REQUIRE(throttle.retract(now, "grid", "1", 0));
  CHECK(throttle.decide(now, Zero::awaited, {}).state == State::shedding);
  CHECK(throttle.decide(now, Zero::failed, {}).state == State::fault);
  CHECK(throttle.decide(now, Zero::released, {}).state == State::holdoff);
  CHECK(name(State::fault) == "FAULT");
  CHECK(name(State::ramping) == "RAMPING");
}
