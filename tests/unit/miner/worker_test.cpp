#include "miner/worker.h"

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <set>
#include <thread>

#include "tests/unit/catch.h"

using namespace ebb;
using namespace ebb::miner;
using namespace std::chrono_literals;

namespace {

core::JobPtr make_job(std::string id, std::uint8_t coinbase_byte, bool clean = false) {
  core::Job job;
  job.id = std::move(id);
  job.version = 0x20000000;
  job.coinbase_prefix.assign(50, coinbase_byte);
  job.extranonce2_size = 4;
  job.bits = 0x1d00ffff;
  job.share_target = core::Target::max();  // every hash is a share
  job.network_target = *core::Target::from_compact(job.bits);
  job.clean = clean;
  return std::make_shared<const core::Job>(std::move(job));
}

/// Pretends to scan: remembers what it was asked and reports what it is told to. A second takes it
/// 10^9 nonces.
class FakeDevice final : public core::Device {
 public:
  explicit FakeDevice(core::SliceTimes slice = {}) : info_{"fake0", "fake", 1, slice} {}

  const core::DeviceInfo& info() const override { return info_; }

  void prepare(const core::ScanInput& input) override {
    std::function<void()> hook;
    {
      const std::lock_guard lock(mutex_);
      tail_ = input.tail[0];
      std::swap(hook, prepared_);
    }
    if (hook) hook();
  }

  core::ScanReport scan(std::uint32_t first, std::uint64_t count,
                        std::span<core::Candidate> out) override {
    std::unique_lock lock(mutex_);
    ++scans_;
    changed_.notify_all();
    if (!until_interrupted_ && std::exchange(interrupted_, false)) {
      return {.scanned = 0, .interrupted = true};
    }
    ranges_.emplace_back(tail_, first);
    counts_.push_back(count);
    core::ScanReport report{.scanned = count};
    if (until_interrupted_) {
      scanning_ = true;
      changed_.notify_all();
      // Half a minute is for good: by then the test has failed.
      if (!changed_.wait_for(lock, 30s, [this] { return interrupted_; })) hung_ = true;
      report.interrupted = true;
      report.scanned = std::min(count, prefix_);
      scanning_ = interrupted_ = false;
    }
    if (failures_left_ > 0) {
      --failures_left_;
      return {.ok = false};
    }
    if (shorten_to_) report.scanned = *std::exchange(shorten_to_, std::nullopt);
    report.busy = std::chrono::nanoseconds(report.scanned);
    for (const core::Candidate& candidate : candidates_) {
      out[report.found] = candidate;
      out[report.found++].nonce += first;
    }
    candidates_.clear();
    return report;
  }

  void interrupt() override {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    changed_.notify_all();
  }

  void release() override {
    const std::lock_guard lock(mutex_);
    ++releases_;
    changed_.notify_all();
  }

  std::string failure() const override { return "it fell off the bus"; }

  /// Waits, at most ten seconds, until this many scans were asked for from now on.
  bool wait_for_scans(std::uint64_t more) {
    std::unique_lock lock(mutex_);
    const std::uint64_t goal = scans_ + more;
    return changed_.wait_for(lock, 10s, [&] { return scans_ >= goal; });
  }
  /// Waits, at most ten seconds, until more than this many scans were asked for.
  bool wait_for_more_than(std::uint64_t scans) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return scans_ > scans; });
  }
  /// Waits, at most ten seconds, until a scan is under way that no interrupt so far will end.
  bool wait_until_scanning() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return scanning_ && !interrupted_; });
  }
  bool wait_for_scan_of(std::uint64_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s,
                             [&] { return !counts_.empty() && counts_.back() == count; });
  }
  bool wait_for_release(unsigned nth) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return releases_ >= nth; });
  }

  std::uint64_t scans() const {
    const std::lock_guard lock(mutex_);
    return scans_;
  }
  unsigned releases() const {
    const std::lock_guard lock(mutex_);
    return releases_;
  }
  /// A scan ended by nothing.
  bool hung() const {
    const std::lock_guard lock(mutex_);
    return hung_;
  }
  void report_once(core::Candidate candidate, std::size_t times = 1) {
    const std::lock_guard lock(mutex_);
    candidates_.insert(candidates_.end(), times, candidate);
  }
  /// From now on scans last until they are interrupted, and have done so many nonces by then.
  void scan_until_interrupted(std::uint64_t prefix) {
    const std::lock_guard lock(mutex_);
    until_interrupted_ = true;
    prefix_ = prefix;
  }
  void shorten_next_scan(std::uint64_t scanned) {
    const std::lock_guard lock(mutex_);
    shorten_to_ = scanned;
  }
  void fail(std::uint64_t times) {
    const std::lock_guard lock(mutex_);
    failures_left_ = times;
  }
  /// Called once, after the worker has looked at job and duty and before it scans.
  void at_next_prepare(std::function<void()> hook) {
    const std::lock_guard lock(mutex_);
    prepared_ = std::move(hook);
  }
  /// (last word of the merkle root, first nonce) of each scan.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges() const {
    const std::lock_guard lock(mutex_);
    return ranges_;
  }
  std::vector<std::uint64_t> counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  core::DeviceInfo info_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t scans_ = 0;
  unsigned releases_ = 0;
  std::uint32_t tail_ = 0;
  bool until_interrupted_ = false, scanning_ = false, interrupted_ = false, hung_ = false;
  std::uint64_t prefix_ = 0;
  std::optional<std::uint64_t> shorten_to_;
  std::uint64_t failures_left_ = 0;
  std::function<void()> prepared_;
  std::vector<core::Candidate> candidates_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges_;
  std::vector<std::uint64_t> counts_;
};

constexpr std::uint64_t kForever = std::numeric_limits<std::uint64_t>::max();

/// One worker on its own thread, as the crew runs it.
struct Harness {
  explicit Harness(core::Duty initial = {}, WorkerConfig config = {}, core::SliceTimes slice = {})
      : device(slice), writer(initial, gate) {
    board.add_gate(gate);
    worker.emplace(config, device, board, writer.reader(), gate, counters,
                   [this](std::vector<core::Share>& batch) { return deliver(batch); });
    thread = std::jthread([this](std::stop_token stop) { worker->run(stop); });
  }

  bool deliver(std::vector<core::Share>& batch) {
    const std::lock_guard lock(mutex);
    if (refusals > 0) {
      --refusals;
      return false;
    }
    for (core::Share& share : batch)
      shares.push_back(std::move(share));
    delivered.notify_all();
    return true;
  }

  core::Share wait_for_share() {
    std::unique_lock lock(mutex);
    REQUIRE(delivered.wait_for(lock, 10s, [this] { return !shares.empty(); }));
    core::Share share = shares.back();
    shares.clear();
    return share;
  }

  /// Asks it to stop and waits for it.
  void stop() {
    thread.request_stop();
    thread.join();
  }

  DeviceHealth::State health() const { return counters.health.read(); }
  bool wait_for_failures(std::uint64_t count) const {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (health().failures < count && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(1ms);
    return health().failures >= count;
  }

  FakeDevice device;
  JobBoard board;
  std::shared_ptr<core::Gate> gate = std::make_shared<core::Gate>();
  core::DutyWriter writer;
  WorkerCounters counters;
  std::mutex mutex;
  std::condition_variable delivered;
  std::vector<core::Share> shares;
  int refusals = 0;
  std::optional<Worker> worker;
  std::jthread thread;  // last: it stops before what it uses goes away
};

}  // namespace

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

TEST_CASE("worker: no job, no scans") {
  Harness harness;
  harness.board.publish(make_job("a", 1));
  REQUIRE(harness.device.wait_for_scans(1));
  harness.board.clear();
  harness.stop();
  SUCCEED("stopped while it waited for work");
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
