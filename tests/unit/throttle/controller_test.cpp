#include "throttle/controller.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "tests/unit/catch.h"

using namespace ebb;
using namespace std::chrono_literals;
using throttle::Controller;

namespace {

/// Devices with a known speed that obey their duty exactly; time passes when told to.
class Plant {
 public:
  Plant(throttle::Cap cap, std::vector<double> full_hps)
      : full_hps_(std::move(full_hps)), counters_(full_hps_.size()) {
    std::vector<core::DutyWriter> writers;
    for (std::size_t i = 0; i < full_hps_.size(); ++i) {
      writers.emplace_back(core::Duty{0}, std::make_shared<core::Gate>());
      readers_.push_back(writers.back().reader());
    }
    throttle::Limit limit;
    limit.lower_to(cap);
    controller_.emplace(limit, std::move(writers));
  }

  void run(std::chrono::milliseconds duration, bool working = true) {
    for (auto t = 0ms; t < duration; t += Controller::kPeriod) {
      controller_->tick(now_, counters_, working, std::nullopt);
      now_ += Controller::kPeriod;
      if (!working) continue;
      for (std::size_t i = 0; i < full_hps_.size(); ++i) {
        const double busy_s = 0.1 * readers_[i].load().fraction();
        counters_[i].busy += std::chrono::nanoseconds(std::llround(busy_s * 1e9));
        counters_[i].hashes += static_cast<std::uint64_t>(full_hps_[i] * speed_ * busy_s);
      }
    }
  }

  double hashes() const {
    double sum = 0;
    for (const auto& device : counters_)
      sum += static_cast<double>(device.hashes);
    return sum;
  }
  void set_limit(const throttle::Limit& limit) { controller_->set_limit(limit); }
  Controller& controller() { return *controller_; }
  void hold(std::size_t device, bool held) { controller_->hold(device, held); }
  double hashes(std::size_t device) const { return static_cast<double>(counters_[device].hashes); }
  double duty(std::size_t device) const { return readers_[device].load().fraction(); }
  void set_speed(double factor) { speed_ = factor; }

 private:
  std::vector<double> full_hps_;
  double speed_ = 1;
  std::vector<throttle::DeviceCounters> counters_;
  std::vector<core::DutyReader> readers_;
  std::optional<Controller> controller_;
  Controller::Clock::time_point now_{1000s};
};

}  // namespace

TEST_CASE("controller: whole devices first, one paced for the rest") {
  Plant plant(throttle::DutyCap{0.4}, {10e6, 10e6, 10e6, 10e6});
  CHECK(plant.duty(0) == 1);
  CHECK(plant.duty(1) == Approx(0.6));
  CHECK(plant.duty(2) == 0);
  CHECK(plant.controller().fraction() == Approx(0.4));
  plant.run(5s);
  CHECK(plant.controller().fraction() == Approx(0.4));
  CHECK(plant.duty(0) == 1);
  CHECK(plant.duty(1) == Approx(0.6).epsilon(0.05));
  CHECK(plant.duty(2) == 0);
  CHECK(plant.duty(3) == 0);
}

TEST_CASE("controller: the least efficient device goes off first") {
  Plant plant(throttle::DutyCap{1}, {10e6, 10e6, 10e6});
  plant.controller().set_efficiency(0, 1e6);
  plant.controller().set_efficiency(1, 3e6);
  plant.controller().set_efficiency(2, 2e6);
  plant.run(2s);
  plant.set_limit({.fraction = 0.5, .watts = {}, .hps = {}});
  CHECK(plant.duty(0) == 0);
  CHECK(plant.duty(1) == 1);
  CHECK(plant.duty(2) == Approx(0.5).epsilon(0.01));
  plant.controller().set_efficiency(2, 3.1e6);  // too alike to change places
  plant.run(1s);
  CHECK(plant.duty(1) == 1);
}

TEST_CASE("controller: a new limit is in force at once, zero and full exactly") {
  Plant plant(throttle::DutyCap{1}, {10e6, 30e6});
  plant.run(2s);
  plant.set_limit({.fraction = 0, .watts = {}, .hps = {}});
  CHECK((plant.duty(0) == 0 && plant.duty(1) == 0));
  plant.set_limit({.fraction = 0.25, .watts = {}, .hps = {}});
  CHECK(plant.duty(0) == Approx(1).epsilon(0.001));
  plant.set_limit({});
  CHECK((plant.duty(0) == 1 && plant.duty(1) == 1));
  CHECK(plant.controller().fraction() == 1);
}

TEST_CASE("controller: a fraction is one of the full rate, of devices however uneven") {
  const double share = GENERATE(0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.95);
  Plant plant(throttle::DutyCap{1}, {300e6, 35e6, 30e6, 4e6});
  plant.run(3s);
  plant.set_limit({.fraction = share, .watts = {}, .hps = {}});
  plant.run(2s);
  const double before = plant.hashes();
  plant.run(10s);
  CHECK((plant.hashes() - before) / 10 / 369e6 == Approx(share).margin(0.005));
}

TEST_CASE("controller: devices of one kind weigh the same, whatever their neighbours took") {
  std::vector<core::DutyWriter> writers;
  std::vector<core::DutyReader> readers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back(core::Duty{0}, std::make_shared<core::Gate>());
    readers.push_back(writers.back().reader());
  }
  Controller controller({}, std::move(writers), {"avx2", "avx2", "cuda:0", "avx2"});
  std::vector<throttle::DeviceCounters> counters(4);
  for (int tick = 0; tick < 30; ++tick) {
    controller.tick(Controller::Clock::time_point(1000s) + tick * 100ms, counters, true,
                    std::nullopt);
    const std::array<std::uint64_t, 4> speeds{30, 20, 500, 40};
    for (std::size_t i = 0; i < 4; ++i) {
      counters[i].busy += 100ms;
      counters[i].hashes += 100'000 * speeds[i];
    }
  }
  controller.set_limit({.fraction = 45.0 / 590, .watts = {}, .hps = {}});
  CHECK(readers[0].load().fraction() == Approx(1));
  CHECK(readers[1].load().fraction() == Approx(0.5));
  CHECK(readers[2].load().fraction() == 0);
}

TEST_CASE("controller: several caps are obeyed at once") {
  Plant plant(throttle::DutyCap{1}, {10e6, 10e6});
  plant.run(2s);
  plant.set_limit({.fraction = 0.5, .watts = {}, .hps = 4e6});
  plant.run(2s);
  double before = plant.hashes();
  plant.run(10s);
  CHECK((plant.hashes() - before) / 10 == Approx(4e6).epsilon(0.01));
  plant.set_limit({.fraction = 0.1, .watts = {}, .hps = 4e6});
  plant.run(2s);
  before = plant.hashes();
  plant.run(10s);
  CHECK((plant.hashes() - before) / 10 == Approx(2e6).epsilon(0.01));
}

TEST_CASE("controller: watts that no meter shows allow nothing") {
  Plant plant(throttle::PowerCap{250}, {10e6});
  plant.run(10s);
  CHECK(plant.hashes() == 0);
}

TEST_CASE("controller: a cap of zero parks at once and stays") {
  const throttle::Cap cap =
      GENERATE(throttle::Cap(throttle::HashrateCap{0}), throttle::Cap(throttle::DutyCap{0}));
  Plant plant(cap, {30e6});
  CHECK(plant.duty(0) == 0);
  plant.run(10s);
  CHECK(plant.hashes() == 0);
}

TEST_CASE("controller: a hashrate cap holds over ten seconds at any share of full speed") {
  const double share = GENERATE(0.01, 0.05, 0.25, 0.5, 0.75, 0.95);
  const double full = 140e6;
  Plant plant(throttle::HashrateCap{share * full}, {35e6, 35e6, 35e6, 35e6});
  plant.run(10s);
  CHECK(plant.hashes() / 10 == Approx(share * full).epsilon(0.02));
}

TEST_CASE("controller: a cap above full speed means full speed") {
  Plant plant(throttle::HashrateCap{1e9}, {30e6});
  plant.run(1s);
  CHECK(plant.duty(0) == 1);
}

TEST_CASE("controller: the loop follows devices that slow down or speed up") {
  Plant plant(throttle::HashrateCap{30e6}, {50e6, 50e6});
  plant.run(5s);
  plant.set_speed(0.6);
  plant.run(1s);
  const double before = plant.hashes();
  plant.run(10s);
  CHECK((plant.hashes() - before) / 10 == Approx(30e6).epsilon(0.03));
}

TEST_CASE("controller: a slow start leaves no lasting surplus") {
  Plant plant(throttle::HashrateCap{1.4e6}, {14e6, 14e6});
  plant.set_speed(0.5);
  plant.run(300ms);
  plant.set_speed(1);
  plant.run(9700ms);
  CHECK(plant.hashes() / 10 == Approx(1.4e6).epsilon(0.015));
}

TEST_CASE("controller: time without work buys no burst") {
  Plant plant(throttle::HashrateCap{10e6}, {100e6});
  plant.run(5s);
  plant.run(60s, false);
  const double before = plant.hashes();
  plant.run(2s);
  CHECK((plant.hashes() - before) / 2 < 10e6 * 1.26);  // at most half a second's worth owed
}

TEST_CASE("controller: a held device rests under a duty cap, and the others do what they can") {
  Plant plant(throttle::DutyCap{0.4}, {30e6, 10e6});
  plant.run(2s);
  plant.hold(0, true);
  CHECK(plant.duty(0) == 0);
  plant.run(5s);
  CHECK(plant.duty(0) == 0);
  CHECK(plant.duty(1) == 1);
  plant.hold(0, false);
  plant.run(2s);
  CHECK(plant.duty(0) == Approx(0.4 * 40 / 30).epsilon(0.05));
}

TEST_CASE("controller: the others take over for a held device under a hashrate cap") {
  Plant plant(throttle::HashrateCap{40e6}, {50e6, 50e6});
  plant.run(5s);
  plant.hold(0, true);
  const double before = plant.hashes(), rested = plant.hashes(0);
  plant.run(10s);
  CHECK((plant.hashes() - before) / 10 == Approx(40e6).epsilon(0.02));
  CHECK(plant.hashes(0) == rested);
}

TEST_CASE("controller: a held device comes back into a hashrate cap, however long it rested") {
  const auto rest = GENERATE(1s, 3600s);
  Plant plant(throttle::HashrateCap{40e6}, {50e6, 50e6});
  plant.run(5s);
  plant.hold(0, true);
  plant.run(rest);
  plant.hold(0, false);
  const double before = plant.hashes();
  plant.run(Controller::kPeriod);
  CHECK(plant.hashes() - before < 40e6 * 0.1 * 1.1);  // no burst before its speed is measured again
  plant.run(5s);
  CHECK(plant.duty(0) == Approx(0.8).epsilon(0.02));
  CHECK(plant.duty(1) == 0);
}

TEST_CASE("controller: a device held from the start finds its place in a hashrate cap later") {
  Plant plant(throttle::HashrateCap{40e6}, {50e6, 50e6});
  plant.hold(0, true);
  plant.run(5s);
  CHECK(plant.duty(1) == Approx(0.8).epsilon(0.05));
  plant.hold(0, false);
  const double before = plant.hashes();
  plant.run(10s);
  CHECK((plant.hashes() - before) / 10 == Approx(40e6).epsilon(0.02));
  CHECK(plant.duty(0) == Approx(0.8).epsilon(0.05));
}

TEST_CASE("controller: every device held is a pause that buys no burst") {
  Plant plant(throttle::HashrateCap{10e6}, {100e6});
  plant.run(5s);
  plant.hold(0, true);
  plant.run(60s);
  plant.hold(0, false);
  const double before = plant.hashes();
  plant.run(2s);
  CHECK((plant.hashes() - before) / 2 < 10e6 * 1.26);  // at most half a second's worth owed
}

TEST_CASE("controller: a cap of zero keeps a device parked that may go on") {
  Plant plant(throttle::HashrateCap{0}, {30e6});
  plant.hold(0, true);
  plant.hold(0, false);
  CHECK(plant.duty(0) == 0);
}
