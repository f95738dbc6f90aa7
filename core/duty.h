#pragma once
// How hard a device may work, told by one writer to one worker without a lock on the hot side.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <utility>

#include "core/cache_line.h"

namespace ebb::core {

/// The share of time a device may be busy, in parts per million. 0 parks it.
struct Duty {
  static constexpr std::uint32_t kFullPpm = 1'000'000;
  std::uint32_t ppm = kFullPpm;

  /// Rounds to the nearest step; below 0 and NaN are 0, above 1 is 1.
  static Duty from_fraction(double fraction);
  double fraction() const { return static_cast<double>(ppm) / kFullPpm; }
  friend auto operator<=>(const Duty&, const Duty&) = default;
};

/// The only place a worker sleeps. Whoever changes something a worker waits for calls wake().
class alignas(kCacheLine) Gate {
 public:
  using Clock = std::chrono::steady_clock;

  void wake();

  /// Called by every wake() from now on, on the waker's thread and with the gate locked: it must be
  /// short and must not use the gate. Null for nothing; the one before is then no longer running.
  void on_wake(std::function<void()> observer);

  /// Sleeps until wake(), the deadline or a stop request. A wake() since the last wait counts, so
  /// a change between looking and sleeping is not missed.
  void wait_until(std::stop_token stop, Clock::time_point deadline);
  void wait(std::stop_token stop);

 private:
  std::mutex mutex_;
  std::condition_variable_any condition_;
  bool awake_ = false;
  std::function<void()> observer_;
};

/// Reading half of a duty: one relaxed load, for a slice may start a little late or early but must
/// not wait. The duty orders no other memory.
class DutyReader {
 public:
  Duty load() const { return Duty{cell_->ppm.load(std::memory_order_relaxed)}; }

 private:
  friend class DutyWriter;
  struct Cell {
    Cell(Duty initial, std::shared_ptr<Gate> to_wake)
        : ppm(initial.ppm), gate(std::move(to_wake)) {}
    std::atomic<std::uint32_t> ppm;
    std::shared_ptr<Gate> gate;
  };
  explicit DutyReader(std::shared_ptr<const Cell> cell) : cell_(std::move(cell)) {}
  std::shared_ptr<const Cell> cell_;
};

/// Writing half: move-only, so there is exactly one writer.
class DutyWriter {
 public:
  /// `gate`: woken when the duty changes.
  DutyWriter(Duty initial, std::shared_ptr<Gate> gate);
  DutyWriter(DutyWriter&&) noexcept = default;
  DutyWriter& operator=(DutyWriter&&) noexcept = default;

  void store(Duty duty);
  Duty load() const { return Duty{cell_->ppm.load(std::memory_order_relaxed)}; }
  DutyReader reader() const { return DutyReader(cell_); }

 private:
  std::shared_ptr<DutyReader::Cell> cell_;
};

}  // namespace ebb::core
