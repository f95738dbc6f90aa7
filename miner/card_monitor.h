#pragma once
// What a card's meter says, once a second, without the io thread ever waiting for it.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "cuda/nvml.h"

namespace ebb::miner {

/// A card's energy since its first reading: by its own counter, else by its power over time.
class EnergySum {
 public:
  using Clock = std::chrono::steady_clock;

  void add(Clock::time_point at, const cuda::CardReading& reading);

  /// Nothing for a card that tells neither.
  std::optional<double> joules() const { return joules_; }

 private:
  std::optional<double> joules_;
  std::optional<double> counter_;  ///< at its last reading
  double joules_at_counter_ = 0;
  Clock::time_point last_{};
};

struct CardFigures {
  cuda::CardReading reading;
  std::optional<double> joules;  ///< since the monitor began
};

/// Reads one card on a thread of its own: a card that blocks NVML must blind no other.
class CardMonitor {
 public:
  using Clock = std::chrono::steady_clock;
  using Read = std::function<cuda::CardReading()>;

  /// An older reading is none.
  static constexpr std::chrono::seconds kFresh{5};

  struct Timing {
    std::chrono::milliseconds period{1000};
    std::chrono::milliseconds patience{1000};  ///< with a reading that does not end
  };

  CardMonitor(Read read, Timing timing);
  CardMonitor(const CardMonitor&) = delete;
  CardMonitor& operator=(const CardMonitor&) = delete;

  /// Waits for a reading under way until `patience` after stop(), then leaves its thread behind: it
  /// is blocked in the driver, and nothing can end it.
  ~CardMonitor();

  /// Reads no more; does not wait.
  void stop();

  /// From any thread. The energy is up to `now`: what the card drew at its last reading goes on.
  CardFigures latest(Clock::time_point now) const;

 private:
  struct State;
  static void run(State& state);

  std::shared_ptr<State> state_;  ///< shared with the thread, which may be left behind
  std::thread thread_;
};

}  // namespace ebb::miner
