#include "miner/worker.h"

#include <algorithm>
#include <utility>

namespace ebb::miner {
namespace {

using std::chrono::nanoseconds;

// Short enough that a new job, a cap or a stop is obeyed at once, long enough that the work around
// a slice (two clock reads, a few loads: under a microsecond) does not count.
constexpr nanoseconds kSlice = std::chrono::milliseconds(5);
// Below this duty slices shrink with it, so that the device still works about ten times a second.
constexpr double kFullSliceDuty = 0.05;
constexpr nanoseconds kShortestSlice = std::chrono::microseconds(50);

// Kernels scan whole vectors: slices in multiples of this waste none.
constexpr std::uint64_t kSliceGranule = 64;
constexpr std::uint64_t kFirstSlice = 4 * kSliceGranule;

// More shares than this in one slice means a pool's difficulty is far too low; it gets the best.
constexpr std::size_t kMaxSharesPerSlice = 16;

constexpr auto kExhaustedWait = std::chrono::milliseconds(200);
constexpr auto kReceiverBehindWait = std::chrono::milliseconds(1);
constexpr unsigned kLongestRecoverySeconds = 60;

void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

}  // namespace

Worker::Worker(WorkerConfig config, core::Device& device, const JobBoard& board,
               core::DutyReader duty, std::shared_ptr<core::Gate> gate, WorkerCounters& counters,
               Deliver deliver)
    : config_(config),
      device_(device),
      board_(board),
      duty_(std::move(duty)),
      gate_(std::move(gate)),
      counters_(counters),
      deliver_(std::move(deliver)),
      slice_nonces_(kFirstSlice) {}

void Worker::run(std::stop_token stop) {
  // Here, not in the constructor: it is the memory of the thread that writes it.
  candidates_.resize(core::kMinCandidateCapacity);
  pacer_.start(Clock::now());
  while (!stop.stop_requested()) {
    const core::Duty duty = duty_.load();
    if (duty.ppm == 0) {
      gate_->wait(stop);
      pacer_.start(Clock::now());
      continue;
    }
    const auto now = Clock::now();
    pacer_.account(now, std::exchange(unaccounted_busy_, {}), duty);
    if (const auto pause = pacer_.pause(duty); pause.count() > 0) {
      gate_->wait_until(stop, now + pause);
      continue;
    }
    refresh_job();
    if (!have_unit()) {
      gate_->wait_until(stop, now + kExhaustedWait);
      continue;
    }
    if (!scan_slice(stop, duty)) recover(stop);
  }
}

void Worker::refresh_job() {
  if (board_.generation() == entry_.generation) return;
  entry_ = board_.current();
  if (!entry_.job) return;

  if (source_ && core::same_work(*source_->job(), *entry_.job)) {
    source_->replace_job(entry_.job);
    if (unit_) {
      unit_->job = entry_.job;
      device_.prepare(unit_->scan_input());
    }
    return;
  }
  // Extranonce2 goes on counting where a job only refreshes the last one: some pools tell shares
  // apart by extranonce2, time and nonce alone.
  const bool continues =
      source_ && !entry_.job->clean && source_->job()->session == entry_.job->session;
  source_.emplace(entry_.job, config_.index, config_.count, device_.info().max_midstates,
                  continues ? source_->next_extranonce2() : 0);
  unit_.reset();
}

bool Worker::have_unit() {
  if (!entry_.job) return false;
  if (unit_ && position_ < unit_->nonces.count) return true;
  const auto elapsed =
      std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - entry_.published_at);
  unit_ = source_->next(static_cast<std::uint32_t>(elapsed.count()));
  position_ = 0;
  if (!unit_) return false;
  device_.prepare(unit_->scan_input());
  return true;
}

bool Worker::scan_slice(const std::stop_token& stop, core::Duty duty) {
  const auto first = static_cast<std::uint32_t>(unit_->nonces.first + position_);
  const std::uint64_t count = std::min(slice_nonces_, unit_->nonces.count - position_);
  const core::ScanReport report = device_.scan(first, count, candidates_);
  if (!report.ok || report.scanned == 0) return false;

  failures_in_a_row_ = 0;
  position_ += report.scanned;
  unaccounted_busy_ = report.busy;
  add(counters_.hashes, report.scanned * unit_->version_count);
  add(counters_.busy_ns, static_cast<std::uint64_t>(report.busy.count()));
  if (report.scanned == slice_nonces_) adjust_slice(report.busy, duty);
  if (report.found > 0) verify_candidates(stop, report.found);
  return true;
}

void Worker::verify_candidates(const std::stop_token& stop, std::uint32_t found) {
  std::vector<core::Share> shares;
  for (std::uint32_t i = 0; i < found; ++i) {
    core::Verification result = core::verify(*unit_, candidates_[i]);
    if (result.verdict == core::Verdict::corrupt) add(counters_.hardware_errors, 1);
    if (result.verdict == core::Verdict::share) shares.push_back(std::move(result.share));
  }
  std::sort(shares.begin(), shares.end(), core::is_better);
  if (shares.size() > kMaxSharesPerSlice) {
    add(counters_.shares_left_out, shares.size() - kMaxSharesPerSlice);
    shares.resize(kMaxSharesPerSlice);
  }
  while (!shares.empty() && !deliver_(shares) && !stop.stop_requested()) {
    gate_->wait_until(stop, Clock::now() + kReceiverBehindWait);
  }
}

void Worker::adjust_slice(nanoseconds busy, core::Duty duty) {
  const double scale = std::min(1.0, duty.fraction() / kFullSliceDuty);
  const double target = std::max(static_cast<double>(kSlice.count()) * scale,
                                 static_cast<double>(kShortestSlice.count()));
  const double measured = static_cast<double>(std::max<nanoseconds::rep>(busy.count(), 1));
  // At most doubled or halved at a time: one slice on a busy machine is a poor measurement.
  const double factor = std::clamp(target / measured, 0.5, 2.0);
  const auto nonces = static_cast<std::uint64_t>(static_cast<double>(slice_nonces_) * factor);
  slice_nonces_ =
      std::max((nonces + kSliceGranule / 2) / kSliceGranule, std::uint64_t{1}) * kSliceGranule;
}

void Worker::recover(const std::stop_token& stop) {
  add(counters_.device_failures, 1);
  const unsigned wait_s = std::min(1u << std::min(failures_in_a_row_, 6u), kLongestRecoverySeconds);
  ++failures_in_a_row_;
  const auto until = Clock::now() + std::chrono::seconds(wait_s);
  while (!stop.stop_requested() && Clock::now() < until)
    gate_->wait_until(stop, until);
  if (unit_) device_.prepare(unit_->scan_input());
}

}  // namespace ebb::miner
