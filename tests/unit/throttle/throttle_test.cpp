#include "throttle/throttle.h"

#include "tests/unit/catch.h"

using namespace ebb::throttle;
using namespace std::chrono_literals;

TEST_CASE("throttle: a hold is in force at once, and its end is the end of it") {
  PolicySettings settings;
  settings.ramp_up = 0s;
  auto throttle = Throttle::start(settings, Start::fresh, {}, 1).value();
  Now now{SteadyTime(100s), WallTime(1'000'000s), true};
  CHECK(throttle.decide(now, Zero::not_asked, {}).state == State::full);
  Signal hold;
  hold.source = "operator";
  hold.id = "hold";
  hold.signal_class = SignalClass::by_operator;
  REQUIRE(throttle.accept(now, hold));
  CHECK(throttle.decide(now, Zero::not_asked, {}).state == State::shedding);
  CHECK(throttle.decide(now, Zero::proved, {}).state == State::parked);
  CHECK(throttle.decision().event == 1);
  auto again = Throttle::start(settings, Start::clean, throttle.save(), 2).value();
  CHECK(again.decide(now, Zero::proved, {}).state == State::parked);
  CHECK(again.save() == throttle.save());
  CHECK(again.retract(now, "operator", "hold", 0));
  CHECK(again.decide(now, Zero::proved, {}).state == State::full);
}
