#include "sources/openadr/ven_poll.h"

#include "tests/unit/sources/openadr_fake_vtn.h"

namespace ebb::sources::openadr {
namespace {

/// A VEN that polls a FakeVtn on a faked clock.
struct Ven {
  explicit Ven(VenSettings settings = {}) {
    settings.vtn = vtn.settings;
    settings.identity = {"rig", "rig", false};
    settings.plan.seed = "rig";
    poll = std::make_unique<VenPoll>(std::move(settings), vtn.transport(), vtn.clock());
    poll->on_warning([this](std::string line) { warnings.push_back(std::move(line)); });
  }

  Answer ask() { return poll->ask(vtn.now, {}); }

  /// Until the next reading; the set it said, or nothing.
  std::optional<std::vector<Signal>> read() {
    for (int i = 0; i < 10; ++i) {
      const std::size_t before = vtn.count("/3.1/events") + vtn.count("/3.1/programs");
      last = ask();
      pass(last.again);
      if (!last.updates.empty()) return std::get<SaidAll>(last.updates.at(0)).signals;
      if (vtn.count("/3.1/events") + vtn.count("/3.1/programs") > before || vtn.down) return {};
    }
    return {};
  }

  void pass(milliseconds time) {
    vtn.now.steady += time;
    vtn.now.wall += time;
  }

  FakeVtn vtn;
  std::unique_ptr<VenPoll> poll;
  std::vector<std::string> warnings;
  Answer last;
};

std::string shed(const std::string& id, const std::string& type = "SIMPLE",
                 const std::string& value = "3") {
  return "{\"id\":\"" + id + "\",\"programID\":\"p1\"," + period("2026-02-01T00:00:00Z", "PT2H") +
         ",\"intervals\":[" + interval(type, value) + "]}";
}

TEST_CASE("A VEN says the whole set, again and again", "[openadr]") {
  Ven ven;
  ven.vtn.events = {shed("e1")};
  const auto first = ven.read();
  REQUIRE(first);
  CHECK(first->size() == 1);
  CHECK(ven.last.health.connected);
  CHECK(ven.last.health.trouble.empty());
  CHECK(ven.last.health.last == "1 event, now SIMPLE 3 (e1)");
  const auto second = ven.read();
  REQUIRE(second);
  CHECK(*second == *first);
  ven.vtn.events.clear();
  const auto third = ven.read();
  REQUIRE(third);
  CHECK(third->empty());
}

TEST_CASE("A VEN enrols after it has said what holds, and looks again", "[openadr]") {
  Ven ven;
  const Answer first = ven.ask();
  CHECK(first.updates.size() == 1);
  CHECK(first.again == milliseconds(0));
  CHECK(ven.vtn.count("/3.1/vens") == 0);
  const Answer chores = ven.ask();
  CHECK(chores.updates.empty());
  CHECK(ven.vtn.count("/3.1/vens") == 1);
  CHECK(chores.again == milliseconds(0));  // it may be granted more now
  CHECK(ven.ask().updates.size() == 1);
  CHECK(ven.ask().again == seconds(15));
}

TEST_CASE("A VEN that is refused says nothing, and backs off", "[openadr]") {
  Ven ven;
  ven.vtn.events = {shed("e1")};
  REQUIRE(ven.read());
  for (const std::string_view how : {"500", "truncated", "no array", "down"}) {
    INFO(how);
    ven.vtn.spoil = [&](HttpAnswer& answer, const HttpRequest&) {
      if (how == "500") answer.status = 500;
      if (how == "truncated") answer.body.resize(answer.body.size() / 2);
      if (how == "no array") answer.body = "{}";
    };
    ven.vtn.down = how == "down";
    CHECK_FALSE(ven.read());
    CHECK_FALSE(ven.last.health.trouble.empty());
  }
  std::vector<milliseconds> waits;
  for (int i = 0; i < 4; ++i) {
    CHECK_FALSE(ven.read());
    waits.push_back(ven.last.again);
  }
  CHECK(waits.back() == seconds(60));
  ven.vtn.spoil = nullptr;
  ven.vtn.down = false;
  REQUIRE(ven.read());
  REQUIRE(ven.read());  // enrolled, too
  CHECK(ven.last.health.trouble.empty());
}

TEST_CASE("A VEN comes back when it is asked to, and no hint brings it sooner", "[openadr]") {
  Ven ven;
  ven.vtn.answers["/3.1/events"] = [](const HttpRequest&) {
    HttpAnswer answer = FakeVtn::status(429);
    answer.retry_after = seconds(100);
    return answer;
  };
  CHECK_FALSE(ven.read());
  CHECK(ven.last.again == seconds(100));
  ven.vtn.now.steady -= seconds(60);
  ven.poll->hint();
  const std::size_t before = ven.vtn.asked.size();
  CHECK(ven.ask().again == seconds(60));
  CHECK(ven.vtn.asked.size() == before);
}

TEST_CASE("A hint brings the next reading, a flood of hints no flood of readings", "[openadr]") {
  Ven ven;
  REQUIRE(ven.read());
  REQUIRE(ven.read());
  ven.ask();  // chores
  ven.vtn.events = {shed("e1")};
  ven.poll->hint();
  ven.pass(seconds(1));
  CHECK(ven.ask().updates.size() == 1);
  const std::size_t before = ven.vtn.count("/3.1/events");
  for (int i = 0; i < 100; ++i) {
    ven.poll->hint();
    ven.ask();
    ven.pass(milliseconds(1));
  }
  CHECK(ven.vtn.count("/3.1/events") == before);
  ven.pass(milliseconds(400));
  CHECK(ven.ask().updates.size() == 1);  // the last hint is not lost
}

TEST_CASE("A program that is gone makes the VEN silent", "[openadr]") {
  VenSettings settings;
  settings.programs = {"ghost"};
  Ven ven(settings);
  CHECK_FALSE(ven.read());
  CHECK(ven.last.health.trouble == "programs: it shows no program 'ghost'");
}

TEST_CASE("Clocks far apart are trouble", "[openadr]") {
  Ven ven;
  ven.vtn.date = std::chrono::floor<seconds>(ven.vtn.now.wall) + seconds(301);
  REQUIRE(ven.read());
  CHECK(ven.last.health.trouble == "its clock and this one are more than 5 minutes apart");
  ven.vtn.date = std::chrono::floor<seconds>(ven.vtn.now.wall) - seconds(299);
  REQUIRE(ven.read());
  CHECK(ven.last.health.trouble.empty());
}

TEST_CASE("What cannot be acted on is warned of once", "[openadr]") {
  Ven ven;
  ven.vtn.events = {shed("e1", "X_PRIVATE"), shed("e2", "ALERT_POSSIBLE_OUTAGE", "\"storm\"")};
  REQUIRE(ven.read());
  REQUIRE(ven.read());
  CHECK(ven.warnings ==
        std::vector<std::string>{"not acted on: X_PRIVATE: payloads of this type are not known",
                                 "the VTN says ALERT_POSSIBLE_OUTAGE storm"});
}

TEST_CASE("An event that makes no sense is shown, the others count", "[openadr]") {
  Ven ven;
  ven.vtn.events = {shed("e1"), R"({"id":"e2","intervals":[]})"};
  const auto said = ven.read();
  REQUIRE(said);
  CHECK(said->size() == 1);
  CHECK(ven.last.health.trouble == "event 'e2': it has no id or no programID");
}

Telemetry after_outage(bool recovering, std::optional<double> watts = {}) {
  Telemetry telemetry;
  if (recovering) {
    throttle::Reason reason;
    reason.source = "policy";
    reason.text = "after an outage: mains good for 3 of 300 s";
    telemetry.decision.reasons.push_back(reason);
  }
  if (watts) telemetry.power.emplace().watts = *watts;
  return telemetry;
}

TEST_CASE("After an outage limits are dropped and the VTN is asked at once", "[openadr]") {
  VenSettings settings;
  settings.plan.subscription = 2000;
  settings.other_watts = 500;
  Ven ven(settings);
  ven.vtn.events = {shed("e1", "IMPORT_CAPACITY_LIMIT", "10")};
  const auto before = ven.read();
  REQUIRE(before);
  CHECK(before->at(0).cap == throttle::Cap(PowerCap{9500}));
  REQUIRE(ven.read());
  ven.ask();
  CHECK_FALSE(ven.poll->told(after_outage(false)));
  CHECK(ven.poll->told(after_outage(true)));
  CHECK_FALSE(ven.poll->told(after_outage(true)));  // the same one

  // The VTN is still dark: the subscription holds, said once.
  ven.vtn.down = true;
  ven.pass(seconds(1));
  const auto dark = ven.read();
  REQUIRE(dark);
  CHECK(dark->at(0).cap == throttle::Cap(PowerCap{1500}));
  CHECK_FALSE(ven.read());

  ven.vtn.down = false;
  const auto again = ven.read();
  REQUIRE(again);
  CHECK(again->at(0).cap == throttle::Cap(PowerCap{9500}));
}

TEST_CASE("A decrease is of what was drawn before the event", "[openadr]") {
  Ven ven;
  ven.vtn.events = {"{\"id\":\"e1\",\"programID\":\"p1\"," +
                    period("2026-02-01T01:00:00Z", "PT2H") + ",\"intervals\":[" +
                    interval("DISPATCH_SETPOINT_RELATIVE", "-0.4") + "]}"};
  ven.poll->told(after_outage(false, 1000));
  const auto before = ven.read();
  REQUIRE(before);
  CHECK(before->at(0).cap == throttle::Cap(PowerCap{600}));
  ven.pass(hours(1));
  ven.poll->told(after_outage(false, 600));
  const auto during = ven.read();
  REQUIRE(during);
  CHECK(during->at(0).cap == throttle::Cap(PowerCap{600}));
}

struct FixedMeter final : SharedMeter {
  std::optional<MeterReading> latest() const override { return reading; }
  std::optional<MeterReading> next(throttle::SteadyTime, milliseconds,
                                   const std::stop_token&) const override {
    return reading;
  }
  Health health() const override { return {}; }
  milliseconds period() const override { return seconds(1); }
  std::optional<MeterReading> reading;
};

TEST_CASE("A site's meter tells what else is drawn", "[openadr]") {
  const auto meter = std::make_shared<FixedMeter>();
  VenSettings settings;
  settings.meter = meter;
  settings.other_watts = 4000;
  Ven ven(settings);
  ven.vtn.events = {shed("e1", "IMPORT_CAPACITY_LIMIT", "10")};
  const auto cap = [&] { return std::get<PowerCap>(ven.read().value().at(0).cap).watts; };
  CHECK(cap() == 6000);  // no reading yet
  ven.poll->told(after_outage(false, 3000));
  meter->reading = MeterReading{.watts = 5230, .hertz = {}, .at = ven.vtn.now.steady};
  CHECK(cap() == 7700);
  ven.pass(seconds(60));
  CHECK(cap() == 6000);  // an old reading is none
  meter->reading =
      MeterReading{.watts = -2000, .hertz = {}, .at = ven.vtn.now.steady + seconds(60)};
  CHECK(cap() == 10'000);
}

TEST_CASE("A chore's refusal is trouble, and keeps no one from reading", "[openadr]") {
  struct Refused final : Chore {
    tl::expected<void, Refusal> run(const View&, const std::stop_token&) override {
      return tl::unexpected(Refusal{"no report today", 0, {}});
    }
  };
  Ven ven;
  ven.poll->add(std::make_unique<Refused>());
  REQUIRE(ven.read());
  CHECK(ven.ask().health.trouble == "no report today");
  CHECK(ven.read());
}

}  // namespace
}  // namespace ebb::sources::openadr
