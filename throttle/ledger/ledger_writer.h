#pragma once
// The ledger's own thread: the throttle never waits for a disk.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tl/expected.hpp>

#include "throttle/ledger/ledger.h"

namespace ebb::throttle {

/// Batches are written in order, those that wait in one transaction. Bounded: of more than
/// kMaxWaiting entries that wait, samples are dropped first and counted, then the oldest of the
/// others, never the newest state. What could not be written is tried again. Called from one
/// thread.
class LedgerWriter {
 public:
  static constexpr std::size_t kMaxWaiting = 4096;
  /// Of the destructor.
  static constexpr std::chrono::milliseconds kPatience{3000};
  /// Before what failed is tried again.
  static constexpr std::chrono::milliseconds kRetry{250};

  /// Called once: written, or why not (after which it is tried again all the same). On the writer's
  /// thread; but in write() when kMaxWaiting others wait for a disk that does not answer. Not
  /// called when the writer was left behind.
  using Done = std::function<void(tl::expected<void, std::string>)>;

  struct Dropped {
    std::uint64_t samples = 0, others = 0;
  };

  explicit LedgerWriter(Ledger ledger);
  LedgerWriter(const LedgerWriter&) = delete;
  LedgerWriter& operator=(const LedgerWriter&) = delete;
  /// Waits for what is under way, at most kPatience; what a hung disk holds is left behind.
  ~LedgerWriter();

  void write(LedgerBatch batch, Done done = nullptr);

  /// Ledger::roll_up, as soon as nothing waits.
  void roll_up(WallTime before);

  /// Waits until all is written or `patience` is over; whether all was.
  bool flush(std::chrono::milliseconds patience);

  /// The disk's latest complaint, or that it does not answer; nothing while all is well.
  std::optional<std::string> trouble() const;

  /// Since the start.
  Dropped dropped() const;

 private:
  struct Shared;
  static void run(Shared& shared, Ledger& ledger);
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace ebb::throttle
