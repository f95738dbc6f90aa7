#include "miner/card_monitor.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace ebb::miner {
namespace {

using Seconds = std::chrono::duration<double>;

/// Over a gap in the readings nobody knows what was drawn.
double joules_over(double watts, EnergySum::Clock::duration time) {
  const auto counted = std::clamp<EnergySum::Clock::duration>(time, {}, CardMonitor::kFresh);
  return watts * Seconds(counted).count();
}

}  // namespace

void EnergySum::add(Clock::time_point at, const cuda::CardReading& reading) {
  if (!reading.joules && !reading.watts) return;
  if (!joules_) {
    joules_ = 0;
  } else if (reading.joules && counter_ && *reading.joules >= *counter_) {
    joules_ = joules_at_counter_ + (*reading.joules - *counter_);
  } else if (reading.watts) {
    *joules_ += joules_over(*reading.watts, at - last_);
  }
  if (reading.joules) {
    counter_ = reading.joules;
    joules_at_counter_ = *joules_;
  }
  last_ = at;
}

struct CardMonitor::State {
  Read read;
  Timing timing;

  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;
  std::optional<Clock::time_point> stopped;
  Clock::time_point read_at{};
  cuda::CardReading reading;
  EnergySum energy;
};

CardMonitor::CardMonitor(Read read, Timing timing) : state_(std::make_shared<State>()) {
  state_->read = std::move(read);
  state_->timing = timing;
  thread_ = std::thread([state = state_] { run(*state); });
}

CardMonitor::~CardMonitor() {
  stop();
  std::unique_lock lock(state_->mutex);
  const auto until = *state_->stopped + state_->timing.patience;
  const bool ended = state_->changed.wait_until(lock, until, [&] { return state_->ended; });
  lock.unlock();
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

void CardMonitor::stop() {
  const std::lock_guard lock(state_->mutex);
  if (!state_->stopped) state_->stopped = Clock::now();
  state_->changed.notify_all();
}

CardFigures CardMonitor::latest(Clock::time_point now) const {
  const std::lock_guard lock(state_->mutex);
  CardFigures figures{{}, state_->energy.joules()};
  const auto age = now - state_->read_at;
  if (figures.joules && state_->reading.watts) {
    *figures.joules += joules_over(*state_->reading.watts, age);
  }
  if (age < kFresh) figures.reading = state_->reading;
  return figures;
}

void CardMonitor::run(State& state) {
  std::unique_lock lock(state.mutex);
  while (!state.stopped) {
    lock.unlock();
    cuda::CardReading reading = state.read();
    const auto now = Clock::now();
    lock.lock();
    state.energy.add(now, reading);
    state.reading = std::move(reading);
    state.read_at = now;
    state.changed.wait_for(lock, state.timing.period, [&] { return state.stopped.has_value(); });
  }
  state.ended = true;
  state.changed.notify_all();
}

}  // namespace ebb::miner
