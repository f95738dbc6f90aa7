#include "miner/report.h"

#include <boost/json.hpp>

#include "tests/unit/catch.h"

using namespace ebb;
using namespace ebb::miner;

namespace {

Snapshot sample() {
  static const core::DeviceInfo kCpu{"cpu0", "avx2", 32};
  Snapshot snapshot;
  snapshot.elapsed = std::chrono::seconds(10);
  snapshot.hashrate_10s = 35.4e6;
  snapshot.shares.accepted = 12;
  snapshot.shares.rejected_for(stratum::RejectReason::duplicate) = 2;
  snapshot.shares.stale = 1;
  snapshot.shares.best_difficulty = 1240;
  snapshot.pools.resize(2);
  snapshot.pools[0].address = "spare.example.org:3333";
  PoolStatistics& pool = snapshot.pools[1];
  pool.address = "pool.example.org:3333";
  pool.jobs = 4;
  pool.connections = 3;
  pool.bad_lines = 7;
  pool.difficulty = 0.5;
  pool.now = stratum::MemberState::Now::mined;
  pool.shares.accepted = 12;
  pool.shares.rejected_for(stratum::RejectReason::duplicate) = 2;
  pool.shares.latency.record(std::chrono::milliseconds(20));
  snapshot.devices.push_back(
      {&kCpu, {1000, std::chrono::seconds(5)}, 3, 0, core::Duty{500'000}, {}});
  return snapshot;
}

}  // namespace

TEST_CASE("report: the summary has every field that scripts rely on") {
  const auto json = boost::json::parse(summary_json(sample())).as_object();
  CHECK(json.at("elapsed_s") == 10.0);
  CHECK(json.at("hashes") == 1000);
  CHECK(json.at("hashrate_hps") == 100.0);
  CHECK(json.at("accepted") == 12);
  CHECK(json.at("rejected") == boost::json::value{{"duplicate", 2}});
  CHECK(json.at("stale") == 1);
  CHECK(json.at("hardware_errors") == 3);
  CHECK(json.at("best_difficulty") == 1240.0);
  CHECK(json.at("pool") == "pool.example.org:3333");
  CHECK(json.at("jobs") == 4);
  CHECK(json.at("reconnects") == 2);
  CHECK(json.at("bad_lines") == 7);
  CHECK(json.at("backend") == "avx2");
  const auto& pools = json.at("pools").as_array();
  REQUIRE(pools.size() == 2);
  CHECK(pools[0].at("state") == "idle");
  CHECK_FALSE(pools[0].as_object().contains("latency_ms"));
  CHECK(pools[1].at("url") == "pool.example.org:3333");
  CHECK(pools[1].at("state") == "mined");
  CHECK(pools[1].at("accepted") == 12);
  CHECK(pools[1].at("rejected") == boost::json::value{{"duplicate", 2}});
  CHECK(pools[1].at("latency_ms").at("p50").as_double() == Approx(20).epsilon(0.06));
  CHECK(json.contains("version"));
  const auto& device = json.at("devices").at(0).as_object();
  CHECK(device.at("name") == "cpu0");
  CHECK(device.at("backend") == "avx2");
  CHECK(device.at("hashes") == 1000);
  CHECK(device.at("hashrate_hps") == 100.0);
  CHECK(device.at("duty") == 0.5);
  CHECK(device.at("failures") == 0);
  CHECK(device.at("quarantined") == false);
  CHECK(device.at("last_failure") == "");
}

TEST_CASE("report: a device that is put aside is named, with the reason in the summary") {
  Snapshot snapshot = sample();
  CHECK(progress_line(snapshot).find("quarantined") == std::string::npos);
  snapshot.devices[0].health = {5, true, "out of memory", std::chrono::seconds(16)};
  snapshot.devices.push_back(snapshot.devices[0]);
  CHECK(progress_line(snapshot).find("  quarantined cpu0,cpu0  ") != std::string::npos);
  const auto json = boost::json::parse(summary_json(snapshot)).as_object();
  const auto& device = json.at("devices").at(0).as_object();
  CHECK(device.at("failures") == 5);
  CHECK(device.at("quarantined") == true);
  CHECK(device.at("last_failure") == "out of memory");
}

namespace {

/// A card beside the CPU of sample(): 4e12 hashes for 150 kJ.
void add_card(Snapshot& snapshot, const core::DeviceInfo& info, double watts, double celsius) {
  DeviceFigures& device = snapshot.devices.emplace_back();
  device.info = &info;
  device.work = {4'000'000'000'000, std::chrono::seconds(10)};
  CardFigures& card = snapshot.cards[info.name];
  card.reading.watts = watts;
  card.reading.celsius = celsius;
  card.joules = 150e3;
}

const core::DeviceInfo kFirstCard{"cuda:0", "cuda", 32};
const core::DeviceInfo kSecondCard{"cuda:1", "cuda", 32};

}  // namespace

TEST_CASE("report: the summary tells what a card's meter says, and null for what it does not") {
  Snapshot snapshot = sample();
  add_card(snapshot, kFirstCard, 412, 71);
  snapshot.cards["cuda:0"].reading.held_back_by = {"power cap"};
  const auto json = boost::json::parse(summary_json(snapshot));
  CHECK_FALSE(json.at("devices").at(0).as_object().contains("watts"));
  const auto& card = json.at("devices").at(1).as_object();
  CHECK(card.at("watts") == 412.0);
  CHECK(card.at("celsius") == 71.0);
  CHECK(card.at("joules") == 150e3);
  CHECK(card.at("joules_per_th") == 37.5e3);
  CHECK(card.at("sm_mhz").is_null());
  CHECK(card.at("memory_mhz").is_null());
  CHECK(card.at("held_back_by") == boost::json::array{"power cap"});

  snapshot.devices[1].work.hashes = 0;
  CHECK(
      boost::json::parse(summary_json(snapshot)).at("devices").at(1).at("joules_per_th").is_null());
}

TEST_CASE("report: the progress line tells all of one card") {
  Snapshot snapshot = sample();
  add_card(snapshot, kFirstCard, 412, 71);
  snapshot.cards["cuda:0"].reading.sm_mhz = 1980;
  snapshot.cards["cuda:0"].reading.held_back_by = {"power cap", "power brake"};
  const std::string line = progress_line(snapshot);
  CAPTURE(line);
  CHECK(
      line.find("  412 W, 71 °C, 1980 MHz, held back by power cap and power brake, 37.5 kJ/TH  ") !=
      std::string::npos);
  CHECK(card_lines(snapshot).empty());
}

TEST_CASE("report: the progress line has the sum and the worst of several cards, a line each all") {
  Snapshot snapshot = sample();
  add_card(snapshot, kFirstCard, 412, 71);
  add_card(snapshot, kSecondCard, 388, 86);
  snapshot.cards["cuda:1"].reading.held_back_by = {"temperature limit"};
  snapshot.cards["cuda:1"].joules = 450e3;
  const std::string line = progress_line(snapshot);
  CAPTURE(line);
  CHECK(line.find("  800 W, 86 °C, 75.0 kJ/TH, 1 of 2 cards held back  ") != std::string::npos);
  CHECK(card_lines(snapshot) ==
        std::vector<std::string>{
            "cuda:0: 400 GH/s, 412 W, 71 °C, 37.5 kJ/TH",
            "cuda:1: 400 GH/s, 388 W, 86 °C, held back by temperature limit, 112.5 kJ/TH"});
}

TEST_CASE("report: cards without a meter leave the line as it is") {
  Snapshot snapshot = sample();
  const std::string line = progress_line(snapshot);
  snapshot.cards["cuda:0"] = {};
  DeviceFigures& device = snapshot.devices.emplace_back();
  device.info = &kFirstCard;
  device.duty = core::Duty{500'000};
  CHECK(progress_line(snapshot) == line);
}

TEST_CASE("report: the progress line says what a person looks for") {
  Snapshot snapshot = sample();
  std::string line = progress_line(snapshot);
  for (const char* part : {"35.4 MH/s", "accepted 12", "rejected 2", "stale 1", "best 1.24k",
                           "hardware errors 3", "duty 50.0 %", "pool.example.org:3333"}) {
    CAPTURE(line, part);
    CHECK(line.find(part) != std::string::npos);
  }
  snapshot.pools[1].now = stratum::MemberState::Now::connecting;
  CHECK(progress_line(snapshot).find("not connected") != std::string::npos);
  snapshot.devices[0].duty = core::Duty{0};
  snapshot.throttle.limit.fraction = 0;
  snapshot.throttle.state = throttle::State::shedding;
  CHECK(progress_line(snapshot).find("SHEDDING 0%") != std::string::npos);
}
