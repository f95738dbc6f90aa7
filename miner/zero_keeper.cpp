#include "miner/zero_keeper.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "core/cpu_time.h"

namespace ebb::miner {

using throttle::Escalation;
using throttle::SteadyTime;
using throttle::Zero;

ZeroKeeper::ZeroKeeper(Crew& crew, spdlog::logger& log, throttle::ZeroProofSettings settings,
                       std::string hook)
    : crew_(crew), log_(log), settings_(settings), proof_(settings), hook_(std::move(hook)) {}

Zero ZeroKeeper::tick(SteadyTime now, bool limit_is_zero,
                      const std::optional<throttle::PowerReading>& power,
                      const throttle::Plant& plant) {
  if (limit_is_zero) {
    const throttle::ZeroEvidence seen = evidence(now, power, plant);
    proof_.begin(now, seen);
    if (const auto step = proof_.update(now, seen)) carry_out(now, *step);
    release_in_time(now);
    if (proof_.zero() == Zero::failed && now - last_alarm_ >= kAlarmPeriod) raise_alarm(now);
  } else {
    lift();
  }
  crew_.tend();
  if (const auto ended = hook_.poll(now)) log_.warn("{}", *ended);
  tell(now);
  return proof_.zero();
}

std::vector<ZeroNews> ZeroKeeper::news() {
  return std::exchange(news_, {});
}

throttle::ZeroEvidence ZeroKeeper::evidence(SteadyTime now,
                                            const std::optional<throttle::PowerReading>& power,
                                            const throttle::Plant& plant) const {
  const std::vector<DeviceFigures> devices = crew_.figures();
  throttle::ZeroEvidence seen;
  for (const DeviceFigures& device : devices)
    seen.hashes += device.work.hashes;
  seen.cpu_time = core::process_cpu_time();
  // A meter that has fallen silent shows nothing.
  if (power && !power->estimated && now - power->at <= settings_.meter) seen.watts = power->watts;
  seen.idle_watts = plant.idle_watts;
  seen.full_watts = plant.full_watts;
  seen.answered = std::none_of(devices.begin(), devices.end(),
                               [](const auto& device) { return device.scanning; });
  seen.released = std::all_of(devices.begin(), devices.end(),
                              [](const auto& device) { return device.released; });
  return seen;
}

void ZeroKeeper::carry_out(SteadyTime now, Escalation step) {
  const std::string why = proof_.text();
  escalated_ = true;
  if (step != Escalation::raise_alarm) log_.warn("{}: {}", why, name(step));
  switch (step) {
    case Escalation::stop_launches:
      crew_.hold_work(true);
      break;
    case Escalation::end_workers:
      crew_.end_workers();
      release_at_ = now + WorkerConfig{}.release_after;
      break;
    case Escalation::release_contexts:
      crew_.leave_hung_behind();
      crew_.release_ended();
      release_at_.reset();
      break;
    case Escalation::run_hook:
      run_hook(now);
      break;
    case Escalation::raise_alarm:
      raise_alarm(now);
      break;
  }
  news_.push_back({now, step, proof_.zero(), why});
}

void ZeroKeeper::release_in_time(SteadyTime now) {
  if (!release_at_ || now < *release_at_) return;
  crew_.release_ended();
  release_at_.reset();
}

void ZeroKeeper::run_hook(SteadyTime now) {
  if (hook_.empty()) {
    log_.warn("no hook is configured");
    return;
  }
  const auto failure = hook_.start(now, {{"EBB_REASON", proof_.text()}, {"EBB_LIMIT", "0%"}});
  if (failure) log_.error("{}", *failure);
}

void ZeroKeeper::raise_alarm(SteadyTime now) {
  last_alarm_ = now;
  log_.error("ALARM: {}", proof_.text());
}

void ZeroKeeper::lift() {
  proof_.end();
  release_at_.reset();
  if (!std::exchange(escalated_, false)) return;
  crew_.hold_work(false);
  crew_.resume();
}

void ZeroKeeper::tell(SteadyTime now) {
  const Zero zero = proof_.zero();
  if (std::exchange(told_, zero) == zero) return;
  news_.push_back({now, std::nullopt, zero, proof_.text()});
  if (zero == Zero::proved) log_.info("{}", proof_.text());
}

}  // namespace ebb::miner
