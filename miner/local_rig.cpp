#include "miner/local_rig.h"

#include <utility>

#include "bench/bench_job.h"

namespace ebb::miner {
namespace {

// A hit an hour or so on a CPU: verifying them is not what is looked at.
constexpr double kShareDifficulty = 100;

}  // namespace

LocalRig::LocalRig(std::vector<OpenedDevice> devices)
    : crew_(std::move(devices), [](std::vector<core::Share>&) { return true; }),
      controller_({.fraction = 0, .watts = {}, .hps = {}}, crew_.take_duty_writers(),
                  crew_.kinds()) {
  crew_.board().publish(bench::bench_job(kShareDifficulty));
  crew_.start();
  ticking_ = std::jthread([this](const std::stop_token& stop) { tick(stop); });
}

LocalRig::~LocalRig() {
  ticking_ = {};  // joined
  crew_.stop();
}

void LocalRig::set_limit(const throttle::Limit& limit) {
  {
    const std::lock_guard lock(mutex_);
    controller_.set_limit(limit);
    parked_ = limit.is_zero();
  }
  changed_.notify_all();
}

void LocalRig::tick(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changed_.wait(lock, stop, [this] { return !parked_; });
    std::vector<throttle::DeviceCounters> counters;
    for (const DeviceFigures& device : crew_.figures())
      counters.push_back(device.work);
    controller_.tick(throttle::Controller::Clock::now(), counters, true, std::nullopt);
    changed_.wait_for(lock, stop, throttle::Controller::kPeriod, [] { return false; });
  }
}

}  // namespace ebb::miner
