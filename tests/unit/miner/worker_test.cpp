#include "miner/worker.h"

#include <condition_variable>
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

/// Pretends to scan: remembers what it was asked and reports the candidates it is told to.
class FakeDevice final : public core::Device {
 public:
  const core::DeviceInfo& info() const override { return info_; }

  void prepare(const core::ScanInput& input) override {
    const std::lock_guard lock(mutex_);
    tail_ = input.tail[0];
  }

  core::ScanReport scan(std::uint32_t first, std::uint64_t count,
                        std::span<core::Candidate> out) override {
    const std::lock_guard lock(mutex_);
    ++scans_;
    changed_.notify_all();
    if (fails_) return {.ok = false};
    ranges_.emplace_back(tail_, first);
    core::ScanReport report{.scanned = count, .busy = 100us};
    if (candidate_) {
      out[0] = *candidate_;
      out[0].nonce += first;
      report.found = 1;
      candidate_.reset();
    }
    return report;
  }

  /// Waits, at most ten seconds, until this many scans were asked for from now on.
  bool wait_for_scans(std::uint64_t more) {
    std::unique_lock lock(mutex_);
    const std::uint64_t goal = scans_ + more;
    return changed_.wait_for(lock, 10s, [&] { return scans_ >= goal; });
  }

  std::uint64_t scans() const {
    const std::lock_guard lock(mutex_);
    return scans_;
  }
  void report_once(core::Candidate candidate) {
    const std::lock_guard lock(mutex_);
    candidate_ = candidate;
  }
  void fail() {
    const std::lock_guard lock(mutex_);
    fails_ = true;
  }
  /// (last word of the merkle root, first nonce) of each scan.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges() const {
    const std::lock_guard lock(mutex_);
    return ranges_;
  }

 private:
  core::DeviceInfo info_{"fake0", "fake", 1};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t scans_ = 0;
  std::uint32_t tail_ = 0;
  bool fails_ = false;
  std::optional<core::Candidate> candidate_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges_;
};

/// One worker on its own thread, as the crew runs it.
struct Harness {
  explicit Harness(core::Duty initial = {}) : writer(initial, gate) {
    board.add_gate(gate);
    worker.emplace(WorkerConfig{0, 1}, device, board, writer.reader(), gate, counters,
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
  harness.thread.request_stop();
  harness.thread.join();
  SUCCEED("stopped while it waited for work");
}

TEST_CASE("worker: a receiver that is behind is asked again and loses nothing") {
  Harness harness;
  harness.refusals = 3;
  harness.device.report_once({1, 0});
  harness.board.publish(make_job("a", 1));
  CHECK(harness.wait_for_share().job->id == "a");
}

TEST_CASE("worker: a device that fails is counted, paused and stopped like any other") {
  Harness harness;
  harness.device.fail();
  harness.board.publish(make_job("a", 1));
  REQUIRE(harness.device.wait_for_scans(1));
  harness.thread.request_stop();
  harness.thread.join();
  CHECK(harness.counters.device_failures.load() >= 1);
  CHECK(harness.counters.hashes.load() == 0);
}
