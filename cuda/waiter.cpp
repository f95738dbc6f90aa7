#include "cuda/waiter.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace ebb::cuda {
namespace {

class RealWaiter final : public Waiter {
 public:
  std::chrono::nanoseconds now() const override {
    return std::chrono::steady_clock::now().time_since_epoch();
  }

  void sleep(std::chrono::nanoseconds time) override {
    std::unique_lock lock(mutex_);
    condition_.wait_for(lock, time, [this] { return interrupted_; });
  }

  void interrupt() override {
    {
      const std::lock_guard lock(mutex_);
      interrupted_ = true;
    }
    condition_.notify_one();
  }

  bool take_interrupt() override {
    const std::lock_guard lock(mutex_);
    return std::exchange(interrupted_, false);
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool interrupted_ = false;
};

}  // namespace

std::unique_ptr<Waiter> make_waiter() {
  return std::make_unique<RealWaiter>();
}

}  // namespace ebb::cuda
