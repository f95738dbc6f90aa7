#include "sources/openadr/event_plan.h"

#include "tests/unit/sources/openadr_support.h"

namespace ebb::sources::openadr {
namespace {

const std::string kMidnight = "2026-02-01T00:00:00Z";

/// From an hour of 1 February on, in intervals of an hour.
std::string event(const std::string& id, int hour, const std::vector<std::string>& intervals,
                  const std::string& more = "", const std::string& program = "p1") {
  std::string all;
  for (const std::string& it : intervals)
    all += (all.empty() ? "" : ",") + it;
  const std::string start =
      "2026-02-01T" + std::string(hour < 10 ? "0" : "") + std::to_string(hour) + ":00:00Z";
  return "{\"id\":\"" + id + "\",\"programID\":\"" + program + "\"," + period(start, "PT1H") +
         ",\"intervals\":[" + all + "]" + (more.empty() ? "" : "," + more) + "}";
}

std::vector<Event> events(const std::vector<std::string>& list) {
  std::string all;
  for (const std::string& it : list)
    all += (all.empty() ? "" : ",") + it;
  return events_of("[" + all + "]");
}

TEST_CASE("An event becomes a signal", "[openadr]") {
  PlanSettings settings;
  settings.signal_class = SignalClass::protective;
  const Plan plan =
      plan_of(events({event("e1", 0, {interval("SIMPLE", "3")}, "\"eventName\":\"evening\"")}),
              kDay + minutes(5), settings);
  REQUIRE(plan.signals.size() == 1);
  const Signal& signal = plan.signals[0];
  CHECK(signal.id == "e1/SIMPLE/2026-02-01T00:00:00.000Z");
  CHECK(signal.cap == throttle::Cap(DutyCap{0}));
  CHECK(signal.signal_class == SignalClass::protective);
  CHECK(signal.valid_from == kDay);
  CHECK(signal.valid_until == kDay + hours(1));
  CHECK(signal.reason == "SIMPLE 3 (evening)");
  CHECK(signal.sequence == 0);
  CHECK(plan.now == "SIMPLE 3 (evening)");
}

TEST_CASE("Equal neighbours are one signal; what permits all is none", "[openadr]") {
  const Plan plan = plan_of(
      events({event("e1", 0,
                    {interval("SIMPLE", "1"), interval("SIMPLE", "1"), interval("SIMPLE", "0"),
                     interval("SIMPLE", "1"), interval("SIMPLE", "2")})}),
      kDay);
  REQUIRE(plan.signals.size() == 3);
  CHECK(plan.signals[0].valid_until == kDay + hours(2));
  CHECK(plan.signals[1].valid_from == kDay + hours(3));
}

TEST_CASE("A payload of several values divides its interval", "[openadr]") {
  const Plan plan = plan_of(events({event("e1", 0, {interval("SIMPLE", "0,3,1,1")})}), kDay);
  REQUIRE(plan.signals.size() == 2);
  CHECK(plan.signals[0].valid_from == kDay + minutes(15));
  CHECK(plan.signals[0].valid_until == kDay + minutes(30));
  CHECK(plan.signals[1].valid_until == kDay + hours(1));
}

TEST_CASE("Of what has no end, all values hold at once", "[openadr]") {
  const Plan plan =
      plan_of(events_of("[{\"id\":\"e\",\"programID\":\"p\"," + period(kMidnight, "P9999Y") +
                        ",\"intervals\":[" + interval("SIMPLE", "1,3") + "]}]"),
              kDay);
  CHECK(plan.signals.size() == 2);
  CHECK(plan.signals[0].id != plan.signals[1].id);
  CHECK_FALSE(plan.signals[0].valid_until);
  CHECK(cap_at(plan, kDay + hours(1)) == 0);
}

TEST_CASE("The event of higher priority counts where both say something", "[openadr]") {
  const auto both =
      events({event("low", 0, {interval("SIMPLE", "3"), interval("SIMPLE", "3")}, "\"priority\":5"),
              event("high", 0, {interval("SIMPLE", "1")}, "\"priority\":1"),
              event("none", 0, {interval("SIMPLE", "3")})});
  const Plan plan = plan_of(both, kDay);
  CHECK(cap_at(plan, kDay + minutes(30)) == 0.5);
  CHECK(cap_at(plan, kDay + minutes(90)) == 0);
  REQUIRE(plan.signals.size() == 2);
  CHECK(plan.signals[1].valid_from == kDay + hours(1));
}

TEST_CASE("Of equal priority the lowest cap counts", "[openadr]") {
  const Plan plan = plan_of(events({event("a", 0, {interval("SIMPLE", "2")}, "\"priority\":1"),
                                    event("b", 0, {interval("SIMPLE", "1")}, "\"priority\":1")}),
                            kDay);
  CHECK(cap_at(plan, kDay) == 0.25);
}

TEST_CASE("Priority settles nothing between programs, types, prices and alerts", "[openadr]") {
  PlanSettings settings;
  settings.caps.strikes.price = 0.1;
  const Plan plan = plan_of(
      events({event("a", 0, {interval("SIMPLE", "0")}, "\"priority\":0"),
              event("b", 0, {interval("SIMPLE", "2")}, "\"priority\":9", "p2"),
              event("c", 1, {interval("OLS", "0.4")}, "\"priority\":9"),
              event("d", 1, {interval("SIMPLE", "0")}, "\"priority\":0"),
              event("e", 2, {interval("PRICE", "0.05")}, "\"priority\":0"),
              event("f", 2, {interval("PRICE", "0.5")}, "\"priority\":9"),
              event("g", 3, {interval("ALERT_GRID_EMERGENCY", "\"x\"")}, "\"priority\":9"),
              event("h", 3, {interval("ALERT_GRID_EMERGENCY", "\"y\"")}, "\"priority\":0")}),
      kDay, settings);
  CHECK(cap_at(plan, kDay + minutes(30)) == 0.25);
  CHECK(cap_at(plan, kDay + minutes(90)) == 0.4);
  CHECK(cap_at(plan, kDay + minutes(150)) == 0);
  CHECK(plan.signals.size() == 5);
}

TEST_CASE("A random start never sheds late and never returns early", "[openadr]") {
  const auto shed =
      events_of("[{\"id\":\"e\",\"programID\":\"p\"," +
                period("2026-02-01T01:00:00Z", "PT1H", ",\"randomizeStart\":\"PT20M\"") +
                ",\"intervals\":[" + interval("SIMPLE", "3") + "]}]");
  for (int rig = 0; rig < 30; ++rig) {
    PlanSettings settings;
    settings.seed = "rig" + std::to_string(rig);
    const Plan plan = plan_of(shed, kDay, settings);
    REQUIRE(plan.signals.size() == 1);
    CHECK(plan.signals[0].valid_from <= kDay + hours(1));
    CHECK(plan.signals[0].valid_until >= kDay + hours(2));
  }
}

TEST_CASE("A random relief of higher priority lifts only what it surely covers", "[openadr]") {
  const auto both = events_of("[" + event("shed", 0, {interval("SIMPLE", "3")}, "\"priority\":5") +
                              ",{\"id\":\"free\",\"programID\":\"p1\",\"priority\":1," +
                              period(kMidnight, "PT1H", ",\"randomizeStart\":\"PT20M\"") +
                              ",\"intervals\":[" + interval("SIMPLE", "0") + "]}]");
  for (int rig = 0; rig < 30; ++rig) {
    PlanSettings settings;
    settings.seed = "rig" + std::to_string(rig);
    const auto shift = one_pass(both[1], {settings.seed, kDay}).at(0).shift;
    const Plan plan = plan_of(both, kDay, settings);
    CHECK(cap_at(plan, kDay + minutes(30)) == std::nullopt);
    if (shift > seconds(1)) CHECK(cap_at(plan, kDay) == 0);
    if (shift < seconds(-1)) CHECK(cap_at(plan, kDay + hours(1) - milliseconds(1)) == 0);
  }
}

TEST_CASE("A site's limit leaves the miner what the rest does not draw", "[openadr]") {
  Site site;
  site.other_watts = 2000;
  const Plan plan = plan_of(events({event("e", 0,
                                          {interval("IMPORT_CAPACITY_LIMIT", "10"),
                                           interval("IMPORT_CAPACITY_LIMIT", "1.5")})}),
                            kDay, {}, site);
  CHECK(plan.uses_site);
  CHECK(cap_at(plan, kDay) == 8000);
  CHECK(cap_at(plan, kDay + hours(1)) == 0);
  CHECK(cap_at(plan, kDay + hours(2)) == std::nullopt);
  CHECK(plan.now == "IMPORT_CAPACITY_LIMIT 10.0 kW, less 2.0 kW of other load");
}

const std::string kSubscription = "{\"id\":\"sub\",\"programID\":\"p1\"," +
                                  period("2020-01-01T00:00:00Z", "P9999Y") + ",\"intervals\":[" +
                                  interval("IMPORT_CAPACITY_SUBSCRIPTION", "4") + "]}";

TEST_CASE("Exhausted limits fall back to the subscription", "[openadr]") {
  const auto all = events(
      {event("lim", 0,
             {interval("IMPORT_CAPACITY_LIMIT", "10"), interval("IMPORT_CAPACITY_LIMIT", "2")}),
       kSubscription});
  const Plan plan = plan_of(all, kDay);
  CHECK(cap_at(plan, kDay) == 10'000);  // more than is subscribed to
  CHECK(cap_at(plan, kDay + hours(1)) == 2000);
  CHECK(cap_at(plan, kDay + hours(2)) == 4000);
  CHECK(cap_at(plan, kDay + hours(20'000)) == 4000);
  for (const Signal& signal : plan.signals)
    CHECK((signal.valid_until || signal.valid_from == kDay + hours(2)));
}

TEST_CASE("A reservation adds to the subscription while it lasts", "[openadr]") {
  const auto all =
      events({kSubscription, event("res", 1, {interval("IMPORT_CAPACITY_RESERVATION", "3")})});
  const Plan plan = plan_of(all, kDay);
  CHECK(cap_at(plan, kDay) == 4000);
  CHECK(cap_at(plan, kDay + hours(1)) == 7000);
  CHECK(cap_at(plan, kDay + hours(2)) == 4000);
}

TEST_CASE("A subscription may be known from the contract", "[openadr]") {
  PlanSettings settings;
  settings.subscription = 6000;
  CHECK(cap_at(plan_of({}, kDay, settings), kDay) == 6000);
  const auto limit = events({event("lim", 0, {interval("IMPORT_CAPACITY_LIMIT", "10")})});
  const Plan plan = plan_of(limit, kDay, settings);
  CHECK(cap_at(plan, kDay) == 10'000);
  CHECK(cap_at(plan, kDay + hours(1)) == 6000);
  CHECK(cap_at(plan_of(events({kSubscription}), kDay, settings), kDay) == 4000);
}

TEST_CASE("After an outage limits are void, and the subscription holds", "[openadr]") {
  Site site;
  site.limits_void = true;
  const std::string limit = event("lim", 0, {interval("IMPORT_CAPACITY_LIMIT", "10")});
  CHECK(cap_at(plan_of(events({limit, kSubscription}), kDay, {}, site), kDay) == 4000);
  // Without one there is nothing to go by.
  const Plan plan = plan_of(events({limit}), kDay, {}, site);
  CHECK(cap_at(plan, kDay) == 0);
  CHECK(cap_at(plan, kDay + hours(1)) == std::nullopt);
}

TEST_CASE("Signals of a capacity keep their names from poll to poll", "[openadr]") {
  const auto all = events({kSubscription});
  const Plan a = plan_of(all, kDay), b = plan_of(all, kDay + seconds(15));
  REQUIRE(a.signals.size() == 1);
  CHECK(a.signals == b.signals);
}

TEST_CASE("Relative figures are of what was drawn before the event", "[openadr]") {
  const auto all = events({event("e", 0, {interval("DISPATCH_SETPOINT_RELATIVE", "-0.4")})});
  Site site;
  site.full_watts = 2000;
  CHECK(cap_at(plan_of(all, kDay, {}, site), kDay) == 1600);
  site.baselines["e"] = 1000;
  CHECK(cap_at(plan_of(all, kDay, {}, site), kDay) == 600);
}

TEST_CASE("Units stand in the event's descriptors or the program's", "[openadr]") {
  const std::string percent =
      "\"payloadDescriptors\":[{\"payloadType\":\"DISPATCH_SETPOINT\",\"units\":\"PERCENT\"}]";
  const Plan by_event =
      plan_of(events({event("e", 0, {interval("DISPATCH_SETPOINT", "0.3")}, percent)}), kDay);
  CHECK(cap_at(by_event, kDay) == 0.3);
  const std::vector<Program> programs{{"p1", "shed", {{"DISPATCH_SETPOINT", "PERCENT", ""}}}};
  const Plan by_program = plan_of(events({event("e", 0, {interval("DISPATCH_SETPOINT", "0.3")})}),
                                  kDay, {}, {}, programs);
  CHECK(cap_at(by_program, kDay) == 0.3);
}

TEST_CASE("A black start is an outage, whose end starts the recovery", "[openadr]") {
  const Plan plan =
      plan_of(events({event("e", 0, {interval("ALERT_BLACK_START", "\"x\"")})}), kDay);
  REQUIRE(plan.signals.size() == 1);
  CHECK(plan.signals[0].outage);
  CHECK(plan.signals[0].urgent);
}

TEST_CASE("What cannot be acted on is told once, and the rest of the event counts", "[openadr]") {
  const Plan plan =
      plan_of(events({event("e", 0,
                            {interval("X_PRIVATE", "1"), interval("X_PRIVATE", "2"),
                             interval("SIMPLE", "3"), interval("ALERT_WIND", "\"storm\"")})}),
              kDay);
  CHECK(plan.unclear.size() == 1);
  CHECK(plan.notices == std::vector<std::string>{"ALERT_WIND storm"});
  CHECK(plan.signals.size() == 1);
}

TEST_CASE("The next thousand signals are kept", "[openadr]") {
  std::vector<std::string> many;
  for (int i = 0; i < 3000; ++i)
    many.push_back(interval("SIMPLE", i % 2 == 0 ? "1" : "2"));
  const Plan plan = plan_of(events({event("e", 0, many), event("late", 5, {interval("OLS", "0")})}),
                            kDay + hours(2));
  REQUIRE(plan.signals.size() == kMaxSignals);
  CHECK(plan.signals.front().valid_from == kDay + hours(2));
  CHECK(cap_at(plan, kDay + hours(5)) == 0);
}

TEST_CASE("No event is crowded out by one with much to say", "[openadr]") {
  std::string values = "0";
  for (int i = 1; i < 2000; ++i)
    values += i % 2 == 0 ? ",0" : ",1";
  std::vector<std::string> many(60, interval("PRICE", values));
  std::vector<std::string> list{event("a", 0, many, "\"duration\":\"P9999Y\"")};
  for (int i = 0; i < 100; ++i)
    list.push_back(event("b" + std::to_string(i), 1, {interval("SIMPLE", "3")}));
  PlanSettings settings;
  settings.caps.strikes.price = 0.5;
  const Plan plan = plan_of(events(list), kDay, settings);
  CHECK(plan.signals.size() <= kMaxSignals);
  CHECK(cap_at(plan, kDay + minutes(90)) == 0);
  CHECK(plan.unclear.size() == 1);
}

}  // namespace
}  // namespace ebb::sources::openadr
