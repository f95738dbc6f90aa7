#pragma once
// A device that does as it is told, and a worker on its own thread.

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <thread>

#include "miner/worker.h"
#include "tests/unit/catch.h"

namespace ebb::test {

using namespace ebb::miner;
using namespace std::chrono_literals;

inline core::JobPtr make_job(std::string id, std::uint8_t coinbase_byte, bool clean = false) {
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

}  // namespace ebb::test
