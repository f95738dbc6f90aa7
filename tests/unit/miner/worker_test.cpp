#include "miner/worker.h"

#include <set>

#include "tests/unit/catch.h"
#include "tests/unit/miner/worker_support.h"

using namespace ebb;
using namespace ebb::miner;
using namespace ebb::test;
using namespace std::chrono_literals;

TEST_CASE("worker: scans once there is a job, and its shares are verified ones") {
  Harness harness;
  harness.device.report_once({7, 0});
  harness.board.publish(make_job("a", 1));
  const core::Share share = harness.wait_for_share();
  CHECK(share.job->id == "a");
  CHECK(share.hash == share.header.hash());
  CHECK(harness.counters.hashes.load() > 0);
  CHECK(harness.counters.hardware_errors.load() == 0);
}

TEST_CASE("worker: a candidate that the scalar code refutes is a hardware error, not a share") {
  Harness harness;
  harness.device.report_once({0, 5});  // a midstate that the unit does not have
  harness.board.publish(make_job("a", 1));
  REQUIRE(harness.device.wait_for_scans(3));
  CHECK(harness.counters.hardware_errors.load() == 1);
  CHECK(harness.shares.empty());
}

TEST_CASE("worker: a duty of zero scans nothing until it is raised") {
  Harness harness(core::Duty{0});
  harness.board.publish(make_job("a", 1));
  CHECK(harness.device.scans() == 0);
  harness.writer.store(core::Duty{});
  CHECK(harness.device.wait_for_scans(1));
}

TEST_CASE("worker: a new job is taken at the next slice") {
  Harness harness;
  harness.board.publish(make_job("a", 1));
  REQUIRE(harness.device.wait_for_scans(2));
  harness.board.publish(make_job("b", 2, true));
  REQUIRE(harness.device.wait_for_scans(3));  // one may have been under way
  harness.device.report_once({0, 0});
  CHECK(harness.wait_for_share().job->id == "b");
}

TEST_CASE("worker: the same work under a new id goes on where it was") {
  Harness harness;
  harness.board.publish(make_job("a", 1));
  REQUIRE(harness.device.wait_for_scans(5));
  harness.board.publish(make_job("b", 1));
  REQUIRE(harness.device.wait_for_scans(5));
  harness.board.clear();
  harness.board.publish(make_job("c", 1, true));  // as after a reconnect
  REQUIRE(harness.device.wait_for_scans(5));
  harness.device.report_once({0, 0});
  CHECK(harness.wait_for_share().job->id == "c");
  const auto ranges = harness.device.ranges();
  CHECK(std::set(ranges.begin(), ranges.end()).size() == ranges.size());
}

TEST_CASE("worker: pools that take turns each go on where they were") {
  Harness harness;
  const auto job_of = [](std::uint32_t pool) {
    core::Job job = *make_job(std::to_string(pool), static_cast<std::uint8_t>(pool), true);
    job.pool = pool;
    return std::make_shared<const core::Job>(std::move(job));
  };
  for (int turn = 0; turn < 3; ++turn) {
    for (const std::uint32_t pool : {0u, 1u}) {
      harness.board.publish(job_of(pool));
      REQUIRE(harness.device.wait_for_scans(5));
    }
  }
  const auto ranges = harness.device.ranges();
  CHECK(std::set(ranges.begin(), ranges.end()).size() == ranges.size());
}

TEST_CASE("worker: no job, no scans") {
  Harness harness;
  harness.board.publish(make_job("a", 1));
  REQUIRE(harness.device.wait_for_scans(1));
  harness.board.clear();
  harness.stop();
  SUCCEED("stopped while it waited for work");
}

TEST_CASE("worker: work that is held back is called off, and goes on afterwards where it was") {
  Harness harness;
  harness.board.publish(make_job("a", 1));
  REQUIRE(harness.device.wait_for_scans(2));
  const std::size_t before = harness.device.ranges().size();
  harness.board.hold(true);
  // One may be under way, and one may be about to begin.
  const std::uint64_t most = harness.device.scans() + 2;
  CHECK_FALSE(harness.board.current().job);
  harness.board.publish(make_job("b", 1));  // the same work, and it stays held
  CHECK_FALSE(harness.board.current().job);
  std::this_thread::sleep_for(50ms);
  CHECK(harness.device.scans() <= most);

  harness.board.hold(false);
  CHECK(harness.board.current().job->id == "b");
  REQUIRE(harness.device.wait_for_scans(2));
  harness.stop();
  const auto ranges = harness.device.ranges();
  const auto counts = harness.device.counts();
  REQUIRE(ranges.size() > before);
  for (std::size_t i = 1; i < ranges.size(); ++i)
    CHECK(ranges[i].second == ranges[i - 1].second + static_cast<std::uint32_t>(counts[i - 1]));
}

TEST_CASE("worker: a receiver that is behind is asked again and loses nothing") {
  Harness harness;
  harness.refusals = 3;
  harness.device.report_once({1, 0});
  harness.board.publish(make_job("a", 1));
  CHECK(harness.wait_for_share().job->id == "a");
}

TEST_CASE("worker: a new job, a changed duty and a stop end the scan under way") {
  Harness harness({}, {.release_after = 0s});
  harness.device.scan_until_interrupted(1000);
  harness.board.publish(make_job("a", 1));
  REQUIRE(harness.device.wait_until_scanning());
  const std::uint64_t scans = harness.device.scans();
  SECTION("a new job, and the shares of the old one are delivered") {
    harness.device.report_once({0, 0});
    harness.board.publish(make_job("b", 2, true));
    CHECK(harness.wait_for_share().job->id == "a");
    CHECK(harness.device.wait_for_more_than(scans));
  }
  SECTION("the same work under another name") {
    harness.board.publish(make_job("b", 1));
    CHECK(harness.device.wait_for_more_than(scans));
  }
  SECTION("a lower duty") {
    harness.writer.store(core::Duty{500'000});
    CHECK(harness.device.wait_for_more_than(scans));
  }
  SECTION("a duty of zero") {
    harness.writer.store(core::Duty{0});
    REQUIRE(harness.device.wait_for_release(1));
  }
  SECTION("a stop, and its shares are delivered") {
    harness.device.report_once({0, 0});
    harness.thread.request_stop();
    CHECK(harness.wait_for_share().job->id == "a");
  }
  harness.stop();
  CHECK_FALSE(harness.device.hung());
  CHECK(harness.health().failures == 0);
}

TEST_CASE("worker: what changes between its look and the scan is not missed") {
  Harness harness({}, {.release_after = 0s});
  harness.device.scan_until_interrupted(0);
  const int what = GENERATE(0, 1, 2);
  CAPTURE(what);
  harness.device.at_next_prepare([&] {
    if (what == 0) harness.board.publish(make_job("b", 2, true));
    if (what == 1) harness.writer.store(core::Duty{0});
    if (what == 2) harness.thread.request_stop();
  });
  harness.board.publish(make_job("a", 1));
  REQUIRE(harness.device.wait_for_more_than(what == 0 ? 1 : 0));
  if (what == 1) REQUIRE(harness.device.wait_for_release(1));
  harness.stop();
  CHECK_FALSE(harness.device.hung());
  CHECK(harness.health().failures == 0);
}

TEST_CASE("worker: an interrupted scan goes on where it ended, and has counted what it did") {
  Harness harness;
  harness.device.scan_until_interrupted(100);
  harness.board.publish(make_job("a", 1));
  for (std::uint64_t scans = 0; scans < 4; ++scans) {
    REQUIRE(harness.device.wait_for_more_than(scans));
    harness.gate->wake();
  }
  harness.stop();
  const auto ranges = harness.device.ranges();
  for (std::size_t i = 0; i < ranges.size(); ++i)
    CHECK(ranges[i].second == 100 * i);
  CHECK(harness.counters.hashes.load() == 100 * ranges.size());
  CHECK(harness.counters.busy_ns.load() == 100 * ranges.size());
}

TEST_CASE("worker: a wake after its worker has ended reaches no device") {
  auto device = std::make_unique<FakeDevice>();
  JobBoard board;
  auto gate = std::make_shared<core::Gate>();
  core::DutyWriter writer(core::Duty{}, gate);
  WorkerCounters counters;
  Worker worker({}, *device, board, writer.reader(), gate, counters,
                [](std::vector<core::Share>&) { return true; });
  std::stop_source stop;
  stop.request_stop();
  worker.run(stop.get_token());
  device.reset();
  gate->wake();  // AddressSanitizer sees what would be called
  SUCCEED();
}

TEST_CASE("worker: slices are as long as the device wants them") {
  Harness harness({}, {}, {.full = 200ms, .paced = 10ms, .least = 1ms});
  harness.board.publish(make_job("a", 1));
  REQUIRE(harness.device.wait_for_scan_of(200'000'000));
  const auto counts = harness.device.counts();
  for (std::size_t i = 0; counts[i] < 100'000'000; ++i)
    CHECK(counts[i] == 256u << i);

  // One that ended early says nothing about the device's speed.
  harness.device.shorten_next_scan(1);
  REQUIRE(harness.device.wait_for_scans(3));
  const auto later = harness.device.counts();
  CHECK(*std::max_element(later.begin(), later.end()) == 200'000'000);

  harness.writer.store(core::Duty{500'000});
  CHECK(harness.device.wait_for_scan_of(10'000'000));
  harness.stop();
}
