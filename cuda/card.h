#pragma once
// One GPU with what scans need in it, and a scan as a sequence of launches.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cuda/runtime.h"
#include "cuda/waiter.h"

namespace ebb::cuda {

/// Launches of about 10 ms, two at a time on two streams, so that one fills the multiprocessors
/// that the other no longer does. All warps of a scan draw their batches from one counter, in
/// order, and finish what they draw: whatever ends a scan, it has done an exact prefix of its
/// batches.
///
/// The thread polls and sleeps instead of blocking in the driver. So it hears of an interrupt at
/// once, and of a launch that never ends.
///
/// Errors are texts. After one the card is closed, and open() starts afresh. One thread.
class Card {
 public:
  Card(Runtime& runtime, int ordinal, const CardInfo& info, Waiter& waiter);
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;
  ~Card() { close(); }

  const CardInfo& info() const { return info_; }
  bool is_open() const { return open_; }

  /// Makes a context and takes memory. Does nothing when open. The error if it fails.
  std::optional<std::string> open();

  /// Destroys the context with all that is in it. A card whose last launch has not ended is left
  /// alone, for the driver would wait for it.
  void close();

  /// Whether kernels can be launched like this here. Needs an open card.
  std::optional<std::string> load(const Tuning& tuning);

  struct Outcome {
    std::optional<std::string> failure{};
    std::uint32_t batches = 0;  ///< done, from the first
    std::uint32_t found = 0;    ///< candidates, also those for which there was no room
    std::chrono::nanoseconds busy{0};
    bool interrupted = false;
  };

  /// Tries params.batches batches of params.batch nonces; fewer when interrupted or as soon as a
  /// launch has found something, so that a share need not wait for the others. `tuning` must be
  /// loaded. `params` gets its state, generation and runs here.
  Outcome scan(const Tuning& tuning, ScanParams params);

  /// What the last scan found: the first `found`, if there was room.
  std::span<const core::Candidate> candidates() const {
    return {host_->state.candidates, kScanCapacity};
  }

 private:
  /// A scan's figures as copies bring them to the host.
  struct Head {
    std::uint32_t generation, taken, found;
  };
  struct HostMemory {
    ScanState state;       ///< at the scan's end
    Head begin;            ///< what it starts from
    std::uint32_t no_one;  ///< the generation of no launch: calls a scan off
    std::array<Head, 2> after_launch;
  };
  struct Loaded {
    Tuning tuning;
    unsigned blocks;
  };
  struct Progress;

  Status make_resources();
  Status begin(ScanParams& params);
  Status launch_next(const Loaded& loaded, const ScanParams& params, Progress& progress);
  Status call_off(Progress& progress);
  Status finish(Progress& progress);
  Status advance(const Loaded& loaded, const ScanParams& params, Progress& progress);
  Outcome outcome(std::uint32_t batches, const Progress& progress);
  void tune_runs(const Loaded& loaded, const Outcome& outcome);
  std::string failed(Status status);

  Runtime& runtime_;
  int ordinal_;
  CardInfo info_;
  Waiter& waiter_;

  bool open_ = false;
  bool hangs_ = false;  ///< closed over a launch that did not end
  std::array<Stream*, 2> streams_{};
  Stream* control_ = nullptr;  ///< for the word that calls a scan off
  Event* began_ = nullptr;
  Event* ready_ = nullptr;       ///< the state is set
  Event* called_off_ = nullptr;  ///< the copy that did so is over
  Event* ended_ = nullptr;
  std::array<Event*, 2> launched_{};  ///< the last launch of each stream has ended
  ScanState* state_ = nullptr;        ///< in GPU memory
  HostMemory* host_ = nullptr;
  std::vector<Loaded> loaded_;
  std::uint32_t generation_ = 0;
  std::uint32_t runs_ = 1;  ///< batches a warp takes in one launch
};

}  // namespace ebb::cuda
