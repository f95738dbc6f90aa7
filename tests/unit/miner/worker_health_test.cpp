#include "miner/worker.h"

#include "tests/unit/catch.h"
#include "tests/unit/miner/worker_support.h"

using namespace ebb;
using namespace ebb::miner;
using namespace ebb::test;
using namespace std::chrono_literals;

TEST_CASE("worker: a device that fails is put aside, tried again and back") {
  Harness harness({}, {.first_pause = 1ms, .longest_pause = 8ms});
  harness.device.fail(5);
  harness.board.publish(make_job("a", 1));
  REQUIRE(harness.device.wait_for_scans(8));
  CHECK(harness.health().failures == 5);
  CHECK_FALSE(harness.health().quarantined);
  CHECK(harness.health().last_failure == "it fell off the bus");
  CHECK(harness.health().pause == 8ms);  // 1, 2, 4, 8, 8
  CHECK(harness.counters.hashes.load() > 0);
}

TEST_CASE("worker: what failed is not scanned twice nor left out") {
  Harness harness({}, {.first_pause = 1ms});
  harness.device.scan_until_interrupted(100);
  harness.board.publish(make_job("a", 1));
  REQUIRE(harness.device.wait_for_more_than(0));
  harness.device.fail(1);
  harness.gate->wake();
  REQUIRE(harness.wait_for_failures(1));
  const std::uint64_t scans = harness.device.scans();
  harness.gate->wake();
  REQUIRE(harness.device.wait_for_more_than(scans));
  harness.stop();
  const auto ranges = harness.device.ranges();
  REQUIRE(ranges.size() >= 2);
  // The failed scan is done again, all others follow on each other.
  std::size_t again = 0;
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i] == ranges[i - 1]) {
      ++again;
    } else {
      CHECK(ranges[i].second == ranges[i - 1].second + 100);
    }
  }
  CHECK(again == 1);
}

TEST_CASE("worker: the pauses of a device start over once it is trusted again") {
  const bool trusted = GENERATE(false, true);
  CAPTURE(trusted);
  Harness harness({}, {.first_pause = 1ms, .trusted_after = trusted ? 0s : 1h});
  harness.board.publish(make_job("a", 1));
  harness.device.fail(3);
  REQUIRE(harness.wait_for_failures(3));
  REQUIRE(harness.device.wait_for_scans(2));
  CHECK(harness.health().pause == 4ms);
  harness.device.fail(1);
  REQUIRE(harness.wait_for_failures(4));
  CHECK(harness.health().pause == (trusted ? 1ms : 8ms));
}

TEST_CASE("worker: a stop and a wake find a device that is put aside") {
  Harness harness({}, {.first_pause = 1h, .longest_pause = 1h});
  harness.device.fail(kForever);
  harness.board.publish(make_job("a", 1));
  REQUIRE(harness.wait_for_failures(1));
  for (int i = 0; i < 100; ++i)
    harness.gate->wake();  // it is not tried for that
  harness.stop();
  CHECK(harness.device.scans() <= 2);  // the publication's wake may have ended one before it began
  CHECK(harness.health().failures == 1);
  CHECK(harness.health().quarantined);
  CHECK(harness.counters.hashes.load() == 0);
}

TEST_CASE("worker: a scan of nothing that nobody interrupted is a failure") {
  Harness harness({}, {.first_pause = 1ms});
  harness.board.publish(make_job("a", 1));
  REQUIRE(harness.device.wait_for_scans(2));
  CHECK(harness.health().failures == 0);
  harness.device.shorten_next_scan(0);
  REQUIRE(harness.wait_for_failures(1));
  CHECK(harness.health().last_failure == "it scanned nothing");
  CHECK(harness.device.wait_for_scans(2));
}

TEST_CASE("worker: a device that gets nothing right any more is put aside, and must prove itself") {
  const core::Candidate wrong{0, 5};  // a midstate that the unit does not have
  Harness harness({}, {.first_pause = 1ms});
  harness.device.report_once(wrong, 16);
  harness.device.report_once({0, 0});
  harness.device.report_once(wrong, 16);
  harness.board.publish(make_job("a", 1));
  harness.wait_for_share();
  REQUIRE(harness.device.wait_for_scans(2));
  CHECK(harness.counters.hardware_errors.load() == 32);
  CHECK(harness.health().failures == 0);

  harness.device.report_once(wrong);  // the seventeenth
  REQUIRE(harness.wait_for_failures(1));
  CHECK(harness.health().last_failure == "it computes wrong hashes");
  CHECK(harness.device.releases() == 1);
  REQUIRE(harness.device.wait_for_scans(2));
  CHECK_FALSE(harness.health().quarantined);
  harness.device.report_once(wrong, 16);  // counted anew
  REQUIRE(harness.device.wait_for_scans(2));
  CHECK(harness.counters.hardware_errors.load() == 49);
  CHECK(harness.health().failures == 1);
}

TEST_CASE("worker: a device parked for long is released, once") {
  Harness harness({}, {.release_after = 1ms});
  harness.board.publish(make_job("a", 1));
  for (unsigned i = 1; i <= 2; ++i) {
    REQUIRE(harness.device.wait_for_scans(2));
    harness.writer.store(core::Duty{0});
    REQUIRE(harness.device.wait_for_release(i));
    for (int wakes = 0; wakes < 100; ++wakes) {
      harness.gate->wake();
      std::this_thread::yield();
    }
    harness.writer.store(core::Duty{});
    REQUIRE(harness.device.wait_for_scans(2));
    CHECK(harness.device.releases() == i);
  }
}

TEST_CASE("worker: a device parked for a moment is left as it is") {
  Harness harness(core::Duty{0}, {.release_after = 1h});
  harness.board.publish(make_job("a", 1));
  for (int wakes = 0; wakes < 100; ++wakes)
    harness.gate->wake();
  harness.stop();
  CHECK(harness.device.releases() == 0);
  CHECK(harness.device.scans() == 0);
}
