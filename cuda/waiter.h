#pragma once
// How a scan waits for its card: a clock, a sleep, and the flag that ends both early.

#include <chrono>
#include <memory>

namespace ebb::cuda {

class Waiter {
 public:
  virtual ~Waiter() = default;

  /// Since some moment in the past.
  virtual std::chrono::nanoseconds now() const = 0;

  /// Returns early when an interrupt comes, and at once when one came that nobody took.
  virtual void sleep(std::chrono::nanoseconds time) = 0;

  /// From any thread.
  virtual void interrupt() = 0;

  /// Whether an interrupt came since the last call.
  virtual bool take_interrupt() = 0;
};

/// Of real time. A thread that sleeps uses no CPU.
std::unique_ptr<Waiter> make_waiter();

}  // namespace ebb::cuda
