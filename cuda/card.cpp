#include "cuda/card.h"

#include <algorithm>
#include <cmath>

namespace ebb::cuda {
namespace {

using std::chrono::nanoseconds;

// Long enough that what surrounds a launch (some 20 us) does not count, short enough for drivers
// that end kernels on a GPU with a display.
constexpr double kLaunchNs = 10e6;
constexpr std::uint32_t kMostRuns = 4096;

// While another launch is queued a late look costs nothing; at the end of a scan the GPU waits.
constexpr nanoseconds kPoll = std::chrono::milliseconds(1);
constexpr nanoseconds kPollAtEnd = std::chrono::microseconds(100);

// Launches take milliseconds, on a card shared with other programs perhaps a second.
constexpr nanoseconds kHang = std::chrono::seconds(5);

}  // namespace

/// Where a scan is.
struct Card::Progress {
  std::uint32_t launches = 0;  ///< to make in all
  std::uint32_t queued = 0;
  std::uint32_t ended = 0;
  bool finishing = false;  ///< the last copy is queued
  bool called_off = false;
  bool interrupted = false;
  bool done = false;
};

Card::Card(Runtime& runtime, int ordinal, const CardInfo& info, Waiter& waiter)
    : runtime_(runtime), ordinal_(ordinal), info_(info), waiter_(waiter) {}

std::string Card::failed(Status status) {
  close();
  return runtime_.describe(status);
}

std::optional<std::string> Card::open() {
  if (open_) return std::nullopt;
  Status status = runtime_.use_card(ordinal_);
  if (status == Status::ok && hangs_) {
    status = runtime_.query(ended_);
    if (status == Status::not_ready) return "still in a launch that hangs";
    hangs_ = false;
    status = runtime_.reset_card(ordinal_);
  }
  open_ = true;
  if (status == Status::ok) status = make_resources();
  if (status != Status::ok) return failed(status);
  return std::nullopt;
}

Status Card::make_resources() {
  Status status = Status::ok;
  const auto also = [&](auto call) {
    if (status == Status::ok) status = call();
  };
  for (Stream** stream : {&streams_[0], &streams_[1], &control_})
    also([&] { return runtime_.make_stream(*stream); });
  for (Event** event : {&began_, &ready_, &called_off_, &ended_, &launched_[0], &launched_[1]})
    also([&] { return runtime_.make_event(*event); });
  void* memory = nullptr;
  also([&] { return runtime_.allocate(memory, sizeof(ScanState)); });
  state_ = static_cast<ScanState*>(memory);
  also([&] { return runtime_.allocate_host(memory, sizeof(HostMemory)); });
  if (status != Status::ok) return status;
  host_ = new (memory) HostMemory{};
  return status;
}

void Card::close() {
  if (!open_) return;
  open_ = false;
  loaded_.clear();
  runs_ = 1;
  if (!hangs_) runtime_.reset_card(ordinal_);
}

std::optional<std::string> Card::load(const Tuning& tuning) {
  for (const Loaded& loaded : loaded_) {
    if (loaded.tuning == tuning) return std::nullopt;
  }
  Loaded loaded{tuning, 0};
  Status status = runtime_.use_card(ordinal_);
  if (status == Status::ok) status = runtime_.load_kernel(tuning, loaded.blocks);
  if (status != Status::ok) return runtime_.describe(status);
  if (loaded.blocks == 0) return "asks too much of a multiprocessor";
  loaded.blocks *= info_.multiprocessors;
  loaded_.push_back(loaded);
  return std::nullopt;
}

Card::Outcome Card::scan(const Tuning& tuning, ScanParams params) {
  Outcome result;
  const auto it = std::find_if(loaded_.begin(), loaded_.end(),
                               [&](const Loaded& loaded) { return loaded.tuning == tuning; });
  if (!open_ || it == loaded_.end()) return {.failure = "not ready"};
  const Loaded loaded = *it;
  if (waiter_.take_interrupt()) return {.interrupted = true};

  Progress progress;
  params.runs = runs_;
  const std::uint64_t batches_a_launch =
      std::uint64_t{loaded.blocks} * (tuning.block / kWarpLanes) * params.runs;
  progress.launches =
      static_cast<std::uint32_t>((params.batches + batches_a_launch - 1) / batches_a_launch);
  Status status = runtime_.use_card(ordinal_);
  if (status == Status::ok) status = begin(params);
  nanoseconds last_progress = waiter_.now();
  while (status == Status::ok && !progress.done) {
    const std::uint32_t ended = progress.ended;
    status = advance(loaded, params, progress);
    if (status != Status::ok || progress.done) break;
    if (progress.ended != ended) {
      last_progress = waiter_.now();
    } else if (waiter_.now() - last_progress > kHang) {
      if (!progress.called_off) call_off(progress);
      if (!progress.finishing) finish(progress);  // so that ended_ will tell
      hangs_ = true;
      close();
      return {.failure = "a launch does not end"};
    } else {
      waiter_.sleep(progress.finishing ? kPollAtEnd : kPoll);
    }
  }
  if (status == Status::ok) result = outcome(params.batches, progress);
  if (status != Status::ok) return {.failure = failed(status)};
  if (!result.failure) tune_runs(loaded, result);
  return result;
}

Status Card::begin(ScanParams& params) {
  generation_ = std::max(generation_ + 1, 1u);  // 0 is no one's
  params.state = state_;
  params.generation = generation_;
  host_->begin = {generation_, 0, 0};
  host_->no_one = 0;
  // A copy that called the last scan off must not call off this one.
  Status status = runtime_.wait_for(called_off_, streams_[0]);
  if (status == Status::ok) status = runtime_.record(began_, streams_[0]);
  if (status == Status::ok)
    status = runtime_.copy_to_card(state_, &host_->begin, sizeof(Head), streams_[0]);
  if (status == Status::ok) status = runtime_.record(ready_, streams_[0]);
  if (status == Status::ok) status = runtime_.wait_for(ready_, streams_[1]);
  if (status == Status::ok) status = runtime_.wait_for(ready_, control_);
  return status;
}

/// One step of the scan, if there is one to be made.
Status Card::advance(const Loaded& loaded, const ScanParams& params, Progress& progress) {
  Status status = Status::ok;
  if (!progress.called_off && waiter_.take_interrupt()) {
    progress.interrupted = true;
    status = call_off(progress);
  }
  while (status == Status::ok && !progress.called_off && progress.queued < progress.launches &&
         progress.queued < progress.ended + 2) {
    status = launch_next(loaded, params, progress);
  }
  if (status == Status::ok && !progress.finishing &&
      (progress.called_off || progress.queued == progress.launches)) {
    status = finish(progress);
  }
  while (status == Status::ok && progress.ended < progress.queued) {
    const std::uint32_t which = progress.ended % 2;
    const Status answer = runtime_.query(launched_[which]);
    if (answer == Status::not_ready) break;
    if (answer != Status::ok) return answer;
    ++progress.ended;
    if (host_->after_launch[which].found > 0 && !progress.called_off) status = call_off(progress);
  }
  if (status == Status::ok && progress.finishing) {
    const Status answer = runtime_.query(ended_);
    progress.done = answer == Status::ok;
    if (answer != Status::not_ready) status = answer;
  }
  return status;
}

Status Card::launch_next(const Loaded& loaded, const ScanParams& params, Progress& progress) {
  const std::uint32_t which = progress.queued % 2;
  const std::uint32_t warps = loaded.tuning.block / kWarpLanes;
  const std::uint32_t blocks = std::min(loaded.blocks, (params.batches + warps - 1) / warps);
  Stream* const stream = streams_[which];
  Status status = runtime_.launch(loaded.tuning, blocks, params, stream);
  if (status == Status::ok)
    status = runtime_.copy_to_host(&host_->after_launch[which], state_, sizeof(Head), stream);
  if (status == Status::ok) status = runtime_.record(launched_[which], stream);
  ++progress.queued;
  return status;
}

Status Card::call_off(Progress& progress) {
  progress.called_off = true;
  const Status status =
      runtime_.copy_to_card(&state_->generation, &host_->no_one, sizeof host_->no_one, control_);
  return status == Status::ok ? runtime_.record(called_off_, control_) : status;
}

Status Card::finish(Progress& progress) {
  progress.finishing = true;
  Status status = Status::ok;
  if (progress.queued > 1) status = runtime_.wait_for(launched_[1], streams_[0]);
  if (status == Status::ok)
    status = runtime_.copy_to_host(&host_->state, state_, sizeof(ScanState), streams_[0]);
  if (status == Status::ok) status = runtime_.record(ended_, streams_[0]);
  return status;
}

Card::Outcome Card::outcome(std::uint32_t batches, const Progress& progress) {
  float milliseconds = 0;
  const Status status = runtime_.elapsed_ms(began_, ended_, milliseconds);
  if (status != Status::ok) return {.failure = failed(status)};
  Outcome result;
  result.batches = std::min(host_->state.taken, batches);  // at the end warps draw in vain
  result.found = host_->state.found;
  result.busy = nanoseconds(std::llround(1e6 * double{milliseconds}));
  result.interrupted = progress.interrupted;
  return result;
}

void Card::tune_runs(const Loaded& loaded, const Outcome& outcome) {
  const double warps = loaded.blocks * (loaded.tuning.block / double{kWarpLanes});
  const double runs_done = outcome.batches / warps;
  // Less than a wave says little about how long one takes.
  if (runs_done < 1 || outcome.busy.count() <= 0) return;
  const double wanted = kLaunchNs / (static_cast<double>(outcome.busy.count()) / runs_done);
  // Doubled at most: the first scans are short ones.
  runs_ =
      static_cast<std::uint32_t>(std::clamp(wanted, 1.0, std::min(2.0 * runs_, double{kMostRuns})));
}

}  // namespace ebb::cuda
