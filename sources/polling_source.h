#pragma once
// A source that is asked again and again, on a thread of its own.

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "sources/source.h"

namespace ebb::sources {

/// What one asking gave.
struct Answer {
  std::vector<Update> updates;
  Health health;
  std::chrono::milliseconds again{0};  ///< when to ask next
};

/// Something that can be asked. One thread.
class Poll {
 public:
  virtual ~Poll() = default;
  /// Asks once. Blocks for a few seconds at most, and ends within a second of a stop request.
  virtual Answer ask(const throttle::Now& now, const std::stop_token& stop) = 0;
};

/// Asks, sends, shows and waits.
class PollingSource final : public Source {
 public:
  PollingSource(std::unique_ptr<Poll> poll, std::function<throttle::Now()> clock);
  ~PollingSource() override;
  void start(Port& port) override;
  void stop() override;
  /// Handed to the poll by `on_telemetry`, on the io thread.
  void tell(const Telemetry& telemetry) override;
  /// Call before start(). Must not block and be safe beside ask().
  void on_telemetry(std::function<void(const Telemetry&)> told);
  /// Asks at once instead of waiting on: a hint has come. From any thread.
  void hurry();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebb::sources
