#include "miner/job_board.h"

namespace ebb::miner {

void JobBoard::publish(core::JobPtr job) {
  {
    const std::lock_guard lock(mutex_);
    entry_ = {std::move(job), entry_.generation + 1, Clock::now()};
    generation_.store(entry_.generation, std::memory_order_relaxed);
  }
  for (const auto& gate : gates_)
    gate->wake();
}

JobBoard::Entry JobBoard::current() const {
  const std::lock_guard lock(mutex_);
  return entry_;
}

}  // namespace ebb::miner
