#pragma once
// A CUDA runtime whose cards are emulated: calls queue work on streams, the card does it while its
// host sleeps, and the kernels are the real ones' source. It can be told to fail in many ways, and
// counts what is left behind.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "cuda/runtime.h"
#include "cuda/waiter.h"
#include "tests/unit/cuda/emulated_kernel.h"

namespace ebb::test {

class FakeRuntime final : public cuda::Runtime {
 public:
  using Status = cuda::Status;
  using Nanoseconds = std::chrono::nanoseconds;

  static constexpr auto kBroken = static_cast<Status>(719);
  static constexpr auto kUnknownKernel = static_cast<Status>(98);

  // --- what a test may set ---
  unsigned multiprocessors = 2;
  Nanoseconds batch_time = std::chrono::microseconds(50);  ///< of one warp for one batch
  unsigned blocks_a_multiprocessor = 1;
  std::optional<unsigned> fail_at;     ///< a call's number: it fails, and all others until a reset
  bool failure_stays = false;          ///< and after it
  std::set<std::string> not_built;     ///< variants, by name
  bool hangs = false;                  ///< kernels do not end
  bool wrong_hashes = false;           ///< candidates are other nonces of the range
  bool foreign_nonces = false;         ///< candidates lie outside of the range
  bool loses_candidates = false;       ///< every other one
  bool counts_too_many = false;        ///< more found than tried
  std::function<void()> before_batch;  ///< in the middle of a launch

  // --- what it can be asked ---
  unsigned calls() const { return calls_; }
  unsigned resets() const { return resets_; }
  unsigned launches() const { return launches_; }
  unsigned most_in_flight() const { return most_in_flight_; }
  std::uint64_t batches_tried() const { return batches_tried_; }
  /// Streams, events and memory that no reset has freed.
  std::size_t left_behind() const { return streams_.size() + events_.size() + memory_.size(); }
  bool idle() const {
    return std::all_of(streams_.begin(), streams_.end(),
                       [](const auto& stream) { return stream.second.empty(); });
  }
  Nanoseconds now() const { return now_; }

  /// Time passes on the card. Streams take turns, for a launch fills the card.
  void advance(Nanoseconds time) {
    const Nanoseconds until = now_ + time;
    while (now_ < until) {
      batch_done_ = false;
      bool went_on = false;
      for (std::size_t i = 0; i < streams_.size() && !batch_done_; ++i) {
        const auto turn = static_cast<std::ptrdiff_t>(turn_++ % streams_.size());
        went_on |= step(std::next(streams_.begin(), turn)->second);
      }
      if (batch_done_) {
        now_ += batch_time;
      } else if (!went_on) {
        now_ = until;
      }
    }
  }

  // --- the runtime ---
  std::string describe(Status status) const override {
    return "error " + std::to_string(static_cast<int>(status));
  }
  Status count_cards(int& count) override {
    count = 1;
    return call();
  }
  Status card_info(int ordinal, cuda::CardInfo& info) override {
    info = {"Emulated", "0000:0" + std::to_string(ordinal) + ":00.0", 90, multiprocessors, 13000};
    return call();
  }
  Status use_card(int) override { return call(); }
  Status reset_card(int) override {
    ++resets_;
    streams_.clear();
    events_.clear();
    memory_.clear();
    in_flight_ = 0;
    const Status status = call();
    broken_ = false;
    return status;
  }
  Status make_stream(cuda::Stream*& stream) override { return make(streams_, stream); }
  Status make_event(cuda::Event*& event) override { return make(events_, event); }
  Status allocate(void*& memory, std::size_t bytes) override { return take(memory, bytes); }
  Status allocate_host(void*& memory, std::size_t bytes) override { return take(memory, bytes); }

  Status load_kernel(const cuda::Tuning& tuning, unsigned& blocks) override {
    if (const Status status = call(); status != Status::ok) return status;
    if (not_built.count(name_of(tuning.variant)) > 0) return kUnknownKernel;
    blocks = blocks_a_multiprocessor;
    return Status::ok;
  }
  Status launch(const cuda::Tuning& tuning, unsigned blocks, const cuda::ScanParams& params,
                cuda::Stream* stream) override {
    if (const Status status = call(); status != Status::ok) return status;
    ++launches_;
    auto run = std::make_shared<Run>();
    for (unsigned i = 0; i < blocks * tuning.block / cuda::kWarpLanes; ++i)
      run->warps.push_back({make_kernel(tuning.variant, params), params.runs});
    most_in_flight_ = std::max(most_in_flight_, ++in_flight_);
    queue(stream).push_back([this, run] {
      const bool ended = go_on(*run);
      if (ended) --in_flight_;
      return ended;
    });
    return Status::ok;
  }
  Status copy_to_card(void* card, const void* host, std::size_t bytes,
                      cuda::Stream* stream) override {
    return copy(card, host, bytes, stream);
  }
  Status copy_to_host(void* host, const void* card, std::size_t bytes,
                      cuda::Stream* stream) override {
    const Status status = copy(host, card, bytes, stream);
    if (status == Status::ok && bytes == sizeof(cuda::ScanState)) {
      queue(stream).push_back([this, host] {
        spoil(*static_cast<cuda::ScanState*>(host));
        return true;
      });
    }
    return status;
  }
  Status record(cuda::Event* event, cuda::Stream* stream) override {
    if (const Status status = call(); status != Status::ok) return status;
    auto& it = events_.at(reinterpret_cast<std::uintptr_t>(event));
    const unsigned number = ++it.recorded;
    queue(stream).push_back([this, &it, number] {
      it.happened = number;
      it.at = now_;
      return true;
    });
    return Status::ok;
  }
  Status wait_for(cuda::Event* event, cuda::Stream* stream) override {
    if (const Status status = call(); status != Status::ok) return status;
    auto& it = events_.at(reinterpret_cast<std::uintptr_t>(event));
    queue(stream).push_back([&it, number = it.recorded] { return it.happened >= number; });
    return Status::ok;
  }
  Status query(cuda::Event* event) override {
    if (const Status status = call(); status != Status::ok) return status;
    const auto& it = events_.at(reinterpret_cast<std::uintptr_t>(event));
    return it.happened == it.recorded ? Status::ok : Status::not_ready;
  }
  Status elapsed_ms(cuda::Event* from, cuda::Event* to, float& milliseconds) override {
    const auto at = [&](cuda::Event* event) {
      return events_.at(reinterpret_cast<std::uintptr_t>(event)).at;
    };
    milliseconds = std::chrono::duration<float, std::milli>(at(to) - at(from)).count();
    return call();
  }

 private:
  using Work = std::function<bool()>;  ///< false: not finished yet
  struct FakeEvent {
    unsigned recorded = 0, happened = 0;
    Nanoseconds at{0};
  };
  struct Run {
    struct Warp {
      std::unique_ptr<Kernel> kernel;
      std::uint32_t runs_left;
    };
    std::vector<Warp> warps;
    std::size_t next = 0;
  };

  Status call() {
    broken_ |= fail_at && (failure_stays ? calls_ >= *fail_at : calls_ == *fail_at);
    ++calls_;
    return broken_ ? kBroken : Status::ok;
  }

  template <class Kind, class Handle>
  Status make(std::map<std::uintptr_t, Kind>& all, Handle*& handle) {
    if (const Status status = call(); status != Status::ok) return status;
    all[++handles_];
    handle = reinterpret_cast<Handle*>(handles_);
    return Status::ok;
  }
  Status take(void*& memory, std::size_t bytes) {
    if (const Status status = call(); status != Status::ok) return status;
    memory_.push_back(std::make_unique<std::uint64_t[]>(bytes / 8 + 1));
    memory = memory_.back().get();
    return Status::ok;
  }
  Status copy(void* to, const void* from, std::size_t bytes, cuda::Stream* stream) {
    if (const Status status = call(); status != Status::ok) return status;
    queue(stream).push_back([=] {
      std::copy_n(static_cast<const char*>(from), bytes, static_cast<char*>(to));
      return true;
    });
    return Status::ok;
  }
  std::deque<Work>& queue(cuda::Stream* stream) {
    return streams_.at(reinterpret_cast<std::uintptr_t>(stream));
  }

  /// Does what takes no time, and one batch. Whether anything came to its end.
  bool step(std::deque<Work>& stream) {
    const std::size_t before = stream.size();
    while (!stream.empty() && !batch_done_ && stream.front()())
      stream.pop_front();
    return stream.size() != before;
  }

  /// One batch of one warp; true when all are through.
  bool go_on(Run& run) {
    if (hangs) {
      batch_done_ = true;
      return false;
    }
    while (!run.warps.empty()) {
      if (before_batch) before_batch();
      Run::Warp& warp = run.warps[run.next % run.warps.size()];
      if (warp.runs_left > 0 && warp.kernel->step()) {
        --warp.runs_left;
        ++run.next;
        ++batches_tried_;
        batch_done_ = true;
        return false;
      }
      run.warps.erase(run.warps.begin() + static_cast<std::ptrdiff_t>(run.next % run.warps.size()));
    }
    return true;
  }

  void spoil(cuda::ScanState& state) const {
    const std::uint32_t stored = std::min(state.found, cuda::kScanCapacity);
    for (std::uint32_t i = 0; i < stored; ++i) {
      if (wrong_hashes) state.candidates[i].nonce ^= 1;
      if (foreign_nonces) state.candidates[i].nonce += 1u << 30;
    }
    if (loses_candidates) state.found = stored / 2;
    if (counts_too_many) state.found = 0xffffffff;
  }

  std::map<std::uintptr_t, std::deque<Work>> streams_;
  std::map<std::uintptr_t, FakeEvent> events_;
  std::vector<std::unique_ptr<std::uint64_t[]>> memory_;
  std::uintptr_t handles_ = 0;
  Nanoseconds now_{0};
  unsigned calls_ = 0, resets_ = 0, launches_ = 0, in_flight_ = 0, most_in_flight_ = 0;
  std::size_t turn_ = 0;
  std::uint64_t batches_tried_ = 0;
  bool batch_done_ = false;
  bool broken_ = false;
};

/// While it sleeps the card works, and no real time passes.
class FakeWaiter final : public cuda::Waiter {
 public:
  explicit FakeWaiter(FakeRuntime& runtime) : runtime_(runtime) {}

  std::chrono::nanoseconds now() const override { return runtime_.now(); }
  void sleep(std::chrono::nanoseconds time) override {
    const auto until = now() + time;
    while (!interrupted_ && now() < until)
      runtime_.advance(std::min(runtime_.batch_time, until - now()));
  }
  void interrupt() override { interrupted_ = true; }
  bool take_interrupt() override { return interrupted_.exchange(false); }

 private:
  FakeRuntime& runtime_;
  std::atomic<bool> interrupted_{false};
};

}  // namespace ebb::test
