#include "sources/nut/ups_watch.h"

#include "sources/nut/ups_address.h"
#include "tests/unit/catch.h"

using namespace ebb;
using namespace std::chrono_literals;
using namespace ebb::sources;

namespace {

constexpr throttle::WallTime kBegin{std::chrono::sys_days{std::chrono::year{2022} / 1 / 25}};

/// A UPS that is read at moments of a test's choosing.
class Ups {
 public:
  explicit Ups(UpsSettings settings = {}) : watch_(settings) {}

  /// What is said of a status read at that time after the start.
  std::vector<Update> reads(std::chrono::milliseconds at, std::string_view text) {
    const throttle::Now now{throttle::SteadyTime(1h) + at, kBegin + at, true};
    return watch_.observe(now, parse_ups_status(text).value());
  }
  const UpsWatch& watch() const { return watch_; }

 private:
  UpsWatch watch_;
};

bool nothing_stands(const std::vector<Update>& updates) {
  return updates.size() == 1 && std::holds_alternative<SaidAll>(updates[0]) &&
         std::get<SaidAll>(updates[0]).signals.empty();
}
bool as_before(const std::vector<Update>& updates) {
  return updates.size() == 1 && std::holds_alternative<StillThere>(updates[0]);
}
throttle::Signal stands(const std::vector<Update>& updates) {
  REQUIRE(updates.size() == 1);
  REQUIRE(std::holds_alternative<SaidAll>(updates[0]));
  REQUIRE(std::get<SaidAll>(updates[0]).signals.size() == 1);
  return std::get<SaidAll>(updates[0]).signals[0];
}

}  // namespace

TEST_CASE("ups: the words of a status, in any order, beside words that say nothing here") {
  CHECK(parse_ups_status("OL CHRG")->online);
  CHECK(parse_ups_status("ALARM OB DISCHRG LB")->on_battery);
  CHECK(parse_ups_status("ALARM OB DISCHRG LB")->low_battery);
  CHECK(parse_ups_status("FSD OB LB")->forced_shutdown);
  CHECK(parse_ups_status("FSD")->forced_shutdown);
  CHECK(parse_ups_status("  OL  ")->online);
  for (const char* nothing : {"", "WAIT", "OFF", "ol", "OLD", "OB1", "LB", "\xff\xfe"}) {
    INFO(nothing);
    CHECK_FALSE(parse_ups_status(nothing));
  }
}

TEST_CASE("ups: a dip shorter than the confirmation is ridden through, a longer one is an outage") {
  Ups ups;
  CHECK(nothing_stands(ups.reads(0ms, "OL")));
  CHECK(as_before(ups.reads(2s, "OB DISCHRG")));
  CHECK(ups.watch().confirming());
  CHECK(as_before(ups.reads(4900ms, "OB DISCHRG")));
  CHECK(nothing_stands(ups.reads(5100ms, "OL CHRG")));
  CHECK_FALSE(ups.watch().confirming());

  CHECK(as_before(ups.reads(10s, "OB")));
  const throttle::Signal outage = stands(ups.reads(13s, "OB"));
  CHECK(outage.cap == throttle::Cap(throttle::DutyCap{0}));
  CHECK(outage.signal_class == throttle::SignalClass::protective);
  CHECK(outage.outage);
  CHECK(outage.urgent);
  CHECK_FALSE(outage.valid_until);
  CHECK_FALSE(ups.watch().confirming());
  INFO("as a level, for as long as it lasts, and each dip anew");
  CHECK(stands(ups.reads(60s, "OB")).outage);
  CHECK(nothing_stands(ups.reads(62s, "OL")));
  CHECK(as_before(ups.reads(64s, "OB")));
}

TEST_CASE("ups: a low battery and a forced shutdown count at once") {
  Ups low;
  low.reads(0ms, "OL");
  CHECK(stands(low.reads(2s, "OB LB")).urgent);
  Ups forced;
  forced.reads(0ms, "OL");
  CHECK(stands(forced.reads(2s, "FSD OB")).outage);
  CHECK(stands(forced.reads(4s, "FSD OL")).outage);
}

TEST_CASE("ups: with the mains back, a low battery keeps the cap and is no outage any more") {
  Ups ups;
  ups.reads(0ms, "OB LB");
  const throttle::Signal waits = stands(ups.reads(10s, "OL CHRG LB"));
  CHECK_FALSE(waits.outage);
  CHECK(throttle::is_zero(waits.cap));
  CHECK(nothing_stands(ups.reads(20s, "OL CHRG")));
}

TEST_CASE("ups: a start on battery says nothing before it is confirmed") {
  Ups ups;
  CHECK(ups.reads(0ms, "OB").empty());
  CHECK(ups.reads(2s, "OB").empty());
  CHECK(stands(ups.reads(3s, "OB")).outage);
}

TEST_CASE("ups: without a confirmation the first word on battery counts") {
  Ups ups({.confirm = 0ms, .cap = throttle::DutyCap{0.25}});
  CHECK(stands(ups.reads(0ms, "OB")).cap == throttle::Cap(throttle::DutyCap{0.25}));
}

TEST_CASE("ups: addresses as NUT's clients write them") {
  CHECK(parse_ups_address("ups")->text() == "ups@localhost:3493");
  CHECK(parse_ups_address("rack-1@nut.example.org")->text() == "rack-1@nut.example.org:3493");
  CHECK(parse_ups_address("ups@10.0.0.7:13493")->port == 13493);
  CHECK(parse_ups_address("ups@[::1]:3494")->host == "::1");
  CHECK(parse_ups_address("ups@[::1]:3494")->port == 3494);
  for (const char* bad : {"", "@host", "ups@", "ups@host:", "ups@host:0", "ups@host:99999",
                          "ups@host:1x", "ups@[::1", "a b@host", "ups@ho st", "ups\n@host"}) {
    INFO(bad);
    CHECK_FALSE(parse_ups_address(bad));
  }
}
