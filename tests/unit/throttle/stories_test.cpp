// What happened in Kazakhstan in 2022, and to the neighbours.

#include "tests/unit/throttle/throttle_support.h"

using namespace ebb::throttle;
using enum SignalClass;

namespace {

/// A time of January 2022 in Almaty, six hours ahead of UTC; the 38th is 7 February.
WallTime january(int day, int hour, int minute = 0) {
  const std::chrono::sys_days first = std::chrono::year(2022) / 1 / 1;
  return WallTime(first + std::chrono::days(day - 1) + std::chrono::hours(hour - 6) +
                  std::chrono::minutes(minute));
}

PolicySettings as_shipped() {
  PolicySettings settings;
  settings.sources = {{"schedule", mandatory}, {"ups", protective}, {"operator", by_operator}};
  return settings;
}

Signal order(int until_day) {
  Signal it;
  it.source = "schedule";
  it.id = "KEGOC";
  it.valid_from = january(24, 0);
  it.valid_until = january(until_day, 0);
  it.reason = "letter of the grid operator";
  return it;
}

}  // namespace

TEST_CASE("story: Kazakhstan 2022, an order from 24 to 31 January that was extended") {
  Site site(as_shipped(), {}, january(23, 23, 58));
  site.throttle().replace(site.now, "schedule", {order(31)});
  CHECK(site.decide().state == State::full);
  CHECK(site.decision().next->at == january(24, 0));
  while (site.now.wall < january(24, 0))
    site.run(1s);
  CHECK(site.decision().state == State::shedding);
  CHECK(site.decision().event == 1);

  const auto stays_at_zero_until = [&](WallTime end) {
    bool zero = true;
    bool same_event = true;
    while (site.now.wall < end) {
      site.pass(9s);
      site.decide();
      zero = zero && site.decision().limit.is_zero();
      same_event = same_event && site.decision().event == 1;
    }
    CHECK(zero);
    CHECK(same_event);
  };
  stays_at_zero_until(january(25, 11, 59));
  // The blackout: power cut, and back without any network, so that nothing keeps the clock.
  site.now.synchronised = false;
  CHECK(site.restart(Start::killed, 20min).limit.is_zero());
  stays_at_zero_until(january(27, 0));
  site.now.synchronised = true;
  CHECK(site.decide().state == State::parked);

  stays_at_zero_until(january(30, 16));
  site.throttle().replace(site.now, "schedule", {order(38)});
  CHECK(site.decide().state == State::parked);
  CHECK(site.decision().reasons.at(0).until == january(38, 0));
  stays_at_zero_until(january(38, 0));
  CHECK(site.decision().state == State::holdoff);
  const WallTime due = *site.decision().earliest_return;
  const auto waited = site.run_until_rise();
  CHECK((waited >= 5s && waited <= 606s));
  CHECK(site.decision().state == State::ramping);
  CHECK(site.decision().event == 1);
  const WallTime began = site.now.wall;
  while (site.decision().state == State::ramping)
    site.run(1s);
  CHECK(site.decision().state == State::full);
  CHECK(site.decision().event == 0);
  CHECK(std::chrono::abs(site.now.wall - began - 600s) <= 2s);
  CHECK(std::chrono::abs(site.now.wall - due) <= 12s);
}

TEST_CASE("story: the neighbours' blackout, without any order") {
  Site site(as_shipped());
  Signal ups = site.signal("ups", DutyCap{0}, protective);
  ups.outage = true;
  site.send(ups);
  CHECK(site.run(1s).state == State::full);
  CHECK(site.run(1s).state == State::shedding);
  site.run(60s);
  // The battery is empty. The machine comes up with the mains; the UPS says so a minute later.
  CHECK(site.restart(Start::outage, 3h).limit.is_zero());
  CHECK(site.run(60s).state == State::parked);
  CHECK(site.retract("ups").state == State::holdoff);
  CHECK(site.run(299s).limit.is_zero());
  CHECK(says(site.decision(), "mains good for 299 of 300 s"));
  const auto waited = site.run_until_rise();
  CHECK((waited >= 6s && waited <= 607s));
  CHECK(site.decision().event == 1);
  CHECK(site.run(601s).state == State::full);
}
