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
  snapshot.pool = {"pool.example.org:3333", 4, 3, 7, 0.5, true};
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

TEST_CASE("report: the progress line says what a person looks for") {
  Snapshot snapshot = sample();
  std::string line = progress_line(snapshot);
  for (const char* part : {"35.4 MH/s", "accepted 12", "rejected 2", "stale 1", "best 1.24k",
                           "hardware errors 3", "duty 50.0 %", "pool.example.org:3333"}) {
    CAPTURE(line, part);
    CHECK(line.find(part) != std::string::npos);
  }
  snapshot.pool.connected = false;
  CHECK(progress_line(snapshot).find("not connected") != std::string::npos);
  snapshot.devices[0].duty = core::Duty{0};
  CHECK(progress_line(snapshot).find("parked") != std::string::npos);
}
