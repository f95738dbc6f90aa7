#include "miner/job_board.h"

namespace ebb::miner {

void JobBoard::publish(core::JobPtr job) {
  {
    const std::lock_guard lock(mutex_);
    entry_ = {std::move(job), entry_.generation + 1, Clock::now()};
    generation_.store(entry_.generation, std::memory_order_relaxed);
  }
  wake_all();
}

void JobBoard::hold(bool held) {
  {
    const std::lock_guard lock(mutex_);
    held_ = held;
    generation_.store(++entry_.generation, std::memory_order_relaxed);
  }
  wake_all();
}

JobBoard::Entry JobBoard::current() const {
  const std::lock_guard lock(mutex_);
  Entry entry = entry_;
  if (held_) entry.job = nullptr;
  return entry;
}

void JobBoard::wake_all() {
  for (const auto& gate : gates_)
    gate->wake();
}

}  // namespace ebb::miner
