#include "miner/worker.h"

#include <algorithm>
#include <utility>

namespace ebb::miner {
namespace {

// More shares than this in one slice means a pool's difficulty is far too low; it gets the best.
constexpr std::size_t kMaxSharesPerSlice = 16;

constexpr auto kExhaustedWait = std::chrono::milliseconds(200);
constexpr auto kReceiverBehindWait = std::chrono::milliseconds(1);

// A card may flip a bit once in a while; one that gets nothing right any more only heats.
constexpr unsigned kMostCorruptInARow = 16;

void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

/// While it exists, whoever wakes or stops the worker also calls its scan off.
class Interrupts {
 public:
  Interrupts(core::Gate& gate, const std::stop_token& stop, core::Device& device)
      : gate_(gate), on_stop_(stop, [&device] { device.interrupt(); }) {
    gate_.on_wake([&device] { device.interrupt(); });
  }
  ~Interrupts() { gate_.on_wake(nullptr); }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

 private:
  core::Gate& gate_;
  std::stop_callback<std::function<void()>> on_stop_;
};

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
      slice_(device.info().slice) {}

void Worker::run(std::stop_token stop) {
  // Here, not in the constructor: it is the memory of the thread that writes it.
  candidates_.resize(core::kMinCandidateCapacity);
  const Interrupts interrupts(*gate_, stop, device_);
  pacer_.start(Clock::now());
  while (!stop.stop_requested()) {
    const core::Duty duty = duty_.load();
    if (duty.ppm == 0) {
      park(stop);
      continue;
    }
    const auto now = Clock::now();
    const core::Duty before = std::exchange(paced_duty_, duty);
    pacer_.account(now, std::exchange(unaccounted_busy_, {}), before);
    if (before == core::Duty{} && duty != core::Duty{}) pacer_.owe(first_debt());
    if (const auto pause = pacer_.pause(duty); pause.count() > 0) {
      gate_->wait_until(stop, now + pause);
      continue;
    }
    refresh_job();
    if (!have_unit()) {
      gate_->wait_until(stop, now + kExhaustedWait);
      continue;
    }
    if (Failure failure = scan_slice(stop, duty)) quarantine(stop, std::move(*failure));
  }
}

void Worker::park(const std::stop_token& stop) {
  const auto release_at = Clock::now() + config_.release_after;
  while (!stop.stop_requested() && duty_.load().ppm == 0) {
    if (counters_.released.load(std::memory_order_relaxed)) {
      gate_->wait(stop);
    } else if (Clock::now() < release_at) {
      gate_->wait_until(stop, release_at);
    } else {
      release();
    }
  }
  pacer_.start(Clock::now());
  paced_duty_ = {};
}

std::chrono::nanoseconds Worker::first_debt() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(config_.phase *
                                                              device_.info().slice.paced);
}

void Worker::release() {
  device_.release();
  counters_.released.store(true, std::memory_order_relaxed);
}

void Worker::refresh_job() {
  if (board_.generation() == entry_.generation) return;
  entry_ = board_.current();
  if (!entry_.job) return;

  work_ = &progress_[entry_.job->pool];
  auto& [source, began, unit, position] = *work_;
  if (source && core::same_work(*source->job(), *entry_.job)) {
    source->replace_job(entry_.job);
    if (unit) {
      unit->job = entry_.job;
      device_.prepare(unit->scan_input());
    }
    return;
  }
  // Extranonce2 goes on counting where a job only refreshes the last one: some pools tell shares
  // apart by extranonce2, time and nonce alone.
  const bool continues =
      source && !entry_.job->clean && source->job()->session == entry_.job->session;
  source.emplace(entry_.job, config_.index, config_.count, device_.info().max_midstates,
                 continues ? source->next_extranonce2() : 0);
  began = entry_.published_at;
  unit.reset();
}

bool Worker::have_unit() {
  if (!entry_.job) return false;
  auto& [source, began, unit, position] = *work_;
  if (unit && position < unit->nonces.count) return true;
  const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - began);
  unit = source->next(static_cast<std::uint32_t>(elapsed.count()));
  position = 0;
  if (!unit) return false;
  device_.prepare(unit->scan_input());
  return true;
}

Worker::Failure Worker::scan_slice(const std::stop_token& stop, core::Duty duty) {
  const core::WorkUnit& unit = *work_->unit;
  const auto first = static_cast<std::uint32_t>(unit.nonces.first + work_->position);
  const std::uint64_t wanted = slice_.next(duty);
  const std::uint64_t count = std::min(wanted, unit.nonces.count - work_->position);
  counters_.released.store(false, std::memory_order_relaxed);
  counters_.scanning.store(true, std::memory_order_relaxed);
  const core::ScanReport report = device_.scan(first, count, candidates_);
  counters_.scanning.store(false, std::memory_order_relaxed);
  if (!report.ok) return device_.failure();
  unaccounted_busy_ = report.busy;
  add(counters_.busy_ns, static_cast<std::uint64_t>(report.busy.count()));
  if (report.scanned == 0) {
    if (report.interrupted) return std::nullopt;
    return "it scanned nothing";
  }
  if (quarantined_) leave_quarantine();
  work_->position += report.scanned;
  add(counters_.hashes, report.scanned * unit.version_count);
  counters_.worked_until.store(Clock::now(), std::memory_order_release);
  if (report.scanned == wanted) slice_.took(report.busy);
  if (report.found == 0) return std::nullopt;
  return verify_candidates(stop, report.found);
}

Worker::Failure Worker::verify_candidates(const std::stop_token& stop, std::uint32_t found) {
  std::vector<core::Share> shares;
  Failure failure;
  for (std::uint32_t i = 0; i < found; ++i) {
    core::Verification result = core::verify(*work_->unit, candidates_[i]);
    if (result.verdict == core::Verdict::corrupt) {
      add(counters_.hardware_errors, 1);
      if (++corrupt_in_a_row_ > kMostCorruptInARow) failure = "it computes wrong hashes";
      continue;
    }
    corrupt_in_a_row_ = 0;
    if (result.verdict == core::Verdict::share) shares.push_back(std::move(result.share));
  }
  deliver(stop, std::move(shares));
  if (failure) release();  // so that it must pass its self-test before it goes on
  return failure;
}

void Worker::deliver(const std::stop_token& stop, std::vector<core::Share> shares) {
  std::sort(shares.begin(), shares.end(), core::is_better);
  if (shares.size() > kMaxSharesPerSlice) {
    add(counters_.shares_left_out, shares.size() - kMaxSharesPerSlice);
    shares.resize(kMaxSharesPerSlice);
  }
  while (!shares.empty() && !deliver_(shares) && !stop.stop_requested()) {
    gate_->wait_until(stop, Clock::now() + kReceiverBehindWait);
  }
}

void Worker::quarantine(const std::stop_token& stop, std::string why) {
  const auto now = Clock::now();
  const bool trusted = working_since_ && now - *working_since_ >= config_.trusted_after;
  const bool starts_over = trusted || pause_.count() == 0;
  pause_ = starts_over ? config_.first_pause : std::min(2 * pause_, config_.longest_pause);
  working_since_.reset();
  corrupt_in_a_row_ = 0;
  quarantined_ = true;
  counters_.health.failed(std::move(why), pause_);
  const auto until = now + pause_;
  while (!stop.stop_requested() && Clock::now() < until)
    gate_->wait_until(stop, until);
}

void Worker::leave_quarantine() {
  quarantined_ = false;
  working_since_ = Clock::now();
  counters_.health.recovered();
}

}  // namespace ebb::miner
