#pragma once
// Devices under a controller in faked time: slices, pauses, cores of two threads, late wake-ups.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "core/pacer.h"
#include "core/slice_length.h"
#include "throttle/controller.h"

namespace ebb::test {

using namespace std::chrono_literals;

struct RigDevice {
  double hps = 0;  ///< at full work, with every device busy
  bool is_card = false;
  std::optional<std::size_t> sibling{};  ///< the other thread of its core: faster while that rests
};

/// Works in steps of a quarter of a millisecond; workers pace as the miner's do, with its own pacer
/// and slices.
class SimulatedRig {
 public:
  static constexpr std::chrono::microseconds kStep{250};
  static constexpr double kAloneIsFaster = 1.5;

  SimulatedRig(std::vector<RigDevice> devices, unsigned seed) : random_(seed) {
    std::vector<core::DutyWriter> writers;
    for (const RigDevice& device : devices) {
      writers.emplace_back(core::Duty{0}, std::make_shared<core::Gate>());
      workers_.push_back(
          {device, writers.back().reader(), core::SliceLength(device.is_card ? kCard : kCpu)});
      workers_.back().pacer.start(now_);
    }
    controller_.emplace(throttle::Limit{}, std::move(writers));
  }

  throttle::Controller& controller() { return *controller_; }

  double full_hps() const {
    double sum = 0;
    for (const Worker& worker : workers_)
      sum += worker.device.hps;
    return sum;
  }

  /// All devices' speed from now on, times what it was.
  void change_speed(double factor) {
    for (Worker& worker : workers_)
      worker.device.hps *= factor;
  }

  void run(std::chrono::nanoseconds duration) {
    const auto end = now_ + duration;
    while (now_ < end) {
      if (now_ >= next_tick_) tick();
      for (Worker& worker : workers_)
        step(worker);
      now_ += kStep;
    }
  }

  /// Hashes done, those of slices under way included.
  double done() const { return done_; }
  /// The same had every device been as fast as at full work: the time of devices, by their speeds.
  double work() const { return work_; }

 private:
  struct Worker {
    RigDevice device;
    core::DutyReader duty;
    core::SliceLength slice;
    core::Pacer pacer{};
    throttle::DeviceCounters counters{};
    core::Duty paced_duty{0};  ///< in force since the last account
    core::Pacer::Clock::time_point rests_until{};
    bool scans = false;
    double wanted = 0, scanned = 0;  ///< of the slice under way
    std::chrono::nanoseconds busy{0};
  };

  void tick() {
    std::vector<throttle::DeviceCounters> counters;
    for (const Worker& worker : workers_)
      counters.push_back(worker.counters);
    controller_->tick(now_, counters, true, std::nullopt);
    next_tick_ = now_ + 100ms + between(0us, 20ms);
    if (between(0us, 100us) < 3us) next_tick_ += 400ms;  // the machine was busy with something else
  }

  void step(Worker& worker) {
    const core::Duty duty = worker.duty.load();
    if (worker.scans) {
      const double seconds = std::chrono::duration<double>(kStep).count();
      const double hashes = rate(worker) * seconds;
      worker.scanned += hashes;
      worker.busy += kStep;
      done_ += hashes;
      work_ += worker.device.hps * seconds;
      // A changed duty wakes the gate, which interrupts cards.
      const bool is_called_off = worker.device.is_card && duty != worker.paced_duty;
      if (worker.scanned < worker.wanted && !is_called_off) return;
      end_slice(worker);
    }
    if (duty.ppm == 0) {
      worker.paced_duty = duty;
      worker.pacer.start(now_);
      return;
    }
    if (duty == worker.paced_duty && now_ < worker.rests_until) return;
    worker.pacer.account(now_, std::exchange(worker.busy, 0ns), worker.paced_duty);
    worker.paced_duty = duty;
    if (const auto pause = worker.pacer.pause(duty); pause > 0ns) {
      worker.rests_until = now_ + pause + between(0us, 2ms);
      return;
    }
    worker.scans = true;
    worker.wanted = static_cast<double>(worker.slice.next(duty)) * kHashesPerNonce;
    worker.scanned = 0;
  }

  void end_slice(Worker& worker) {
    worker.scans = false;
    worker.counters.hashes += static_cast<std::uint64_t>(worker.scanned);
    worker.counters.busy += worker.busy;
    if (worker.scanned >= worker.wanted) worker.slice.took(worker.busy);
  }

  double rate(const Worker& worker) const {
    if (!worker.device.sibling) return worker.device.hps;
    const bool alone = !workers_[*worker.device.sibling].scans;
    return worker.device.hps * (alone ? kAloneIsFaster : 1);
  }

  std::chrono::microseconds between(std::chrono::microseconds low, std::chrono::microseconds high) {
    return std::chrono::microseconds(
        std::uniform_int_distribution<std::int64_t>(low.count(), high.count())(random_));
  }

  static constexpr core::SliceTimes kCard{.full = 200ms}, kCpu{.full = 2ms};
  // So that the first slices, of 256 nonces, are short.
  static constexpr double kHashesPerNonce = 32;

  std::mt19937 random_;
  std::vector<Worker> workers_;
  std::optional<throttle::Controller> controller_;
  core::Pacer::Clock::time_point now_{1000s};
  core::Pacer::Clock::time_point next_tick_ = now_;
  double done_ = 0, work_ = 0;
};

}  // namespace ebb::test
