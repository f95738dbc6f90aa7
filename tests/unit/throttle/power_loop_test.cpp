#include "throttle/power_loop.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>
#include <vector>

#include "tests/unit/catch.h"

using namespace ebb::throttle;
using namespace std::chrono_literals;

namespace {

struct PlantModel {
  double idle = 60, full = 450;
  double curve = 0.08;  ///< of the span, at the middle; negative: more watts the fuller
  double drift = 0.04;  ///< of the watts, slowly with heat
  double noise = 0.05;  ///< of a reading
  std::chrono::milliseconds late{500};
  double missing = 0.1;  ///< of the readings
  bool silent = false;
};

/// Four devices, one of them paced in slices, and a meter as NVML's: the mean of a second of which
/// only 25 ms in each 100 are sampled, noisy, late, and not always there.
class SimulatedPlant {
 public:
  explicit SimulatedPlant(PlantModel model, unsigned seed = 1) : model_(model), random_(seed) {}

  void run(std::chrono::milliseconds duration) {
    for (auto t = 0ms; t < duration; t += 100ms) {
      now_ += 100ms;
      loop.update(now_, fraction_, reading());
      fraction_ = std::min(loop.allowed(), other_cap);
      work();
      if (watts_.size() % 10 == 0) take_reading();
    }
  }

  /// Mean watts of the last seconds.
  double mean(std::size_t seconds) const { return mean_of(watts_, 10 * seconds); }
  const std::vector<double>& watts() const { return watts_; }
  double fraction() const { return fraction_; }
  void set_silent(bool silent) { model_.silent = silent; }
  double full() const { return model_.full; }

  PowerLoop loop;
  double other_cap = 1;  ///< a fraction that something else allows

 private:
  static constexpr int kSteps = 20;   ///< of 5 ms, in each 100 ms
  static constexpr int kSampled = 5;  ///< the first of them

  static double mean_of(const std::vector<double>& values, std::size_t count) {
    double sum = 0;
    for (std::size_t i = values.size() - count; i < values.size(); ++i)
      sum += values[i];
    return sum / static_cast<double>(count);
  }

  void work() {
    const double seconds = std::chrono::duration<double>(now_.time_since_epoch()).count();
    const double heat = 1 + model_.drift * std::sin(seconds / 60);
    const double span = model_.full - model_.idle;
    const double bent = fraction_ + 4 * model_.curve * fraction_ * (1 - fraction_);
    const double paced = std::fmod(4 * fraction_, 1.0);
    std::uniform_real_distribution<double> wake(0.5, 1.5);
    double sum = 0, sampled = 0;
    for (int i = 0; i < kSteps; ++i) {
      credit_ += paced;
      const bool on = credit_ >= wake(random_);
      if (on) credit_ -= 1;
      const double watts = heat * (model_.idle + span * (bent + ((on ? 1 : 0) - paced) / 4));
      sum += watts;
      if (i < kSampled) sampled += watts;
    }
    watts_.push_back(sum / kSteps);
    sampled_.push_back(sampled / kSampled);
  }

  void take_reading() {
    std::uniform_real_distribution<double> noise(-model_.noise, model_.noise), chance(0, 1);
    if (chance(random_) < model_.missing || model_.silent) return;
    PowerReading reading;
    reading.watts = mean_of(sampled_, 10) * (1 + noise(random_));
    reading.at = now_;
    reading.averaged_over = 1s;
    reading.meter = "NVML";
    readings_.push_back(reading);
  }

  std::optional<PowerReading> reading() const {
    for (auto it = readings_.rbegin(); it != readings_.rend(); ++it) {
      if (it->at + model_.late <= now_) return *it;
    }
    return std::nullopt;
  }

  PlantModel model_;
  std::mt19937 random_;
  SteadyTime now_{1000s};
  double fraction_ = 0, credit_ = 0;
  std::vector<double> watts_, sampled_;
  std::deque<PowerReading> readings_;
};

/// The longest time in a row, from `begin` on, that the plant drew more than the cap and 3 % of
/// full, its pulses of a paced device evened out over half a second.
std::chrono::milliseconds longest_above(const SimulatedPlant& plant, double cap,
                                        std::size_t begin = 0) {
  const std::vector<double>& watts = plant.watts();
  std::size_t above = 0, longest = 0;
  for (std::size_t i = begin + 4; i < watts.size(); ++i) {
    double sum = 0;
    for (std::size_t j = i - 4; j <= i; ++j)
      sum += watts[j];
    above = sum / 5 > cap + 0.03 * plant.full() ? above + 1 : 0;
    longest = std::max(longest, above);
  }
  return longest * 100ms;
}

}  // namespace

TEST_CASE("power loop: a cap holds within 3 % on a slow and noisy meter, and does not oscillate") {
  const double cap = GENERATE(90.0, 150.0, 250.0, 350.0, 430.0);
  const unsigned seed = GENERATE(1U, 2U, 3U);
  SimulatedPlant plant({}, seed);
  plant.loop.set_cap(cap);
  plant.run(120s);
  double worst = 0;
  for (int i = 0; i < 30; ++i) {
    plant.run(10s);
    INFO("cap " << cap << " seed " << seed << " window " << i);
    CHECK(plant.mean(10) == Approx(cap).epsilon(0.03));
    worst = std::max(worst, std::abs(plant.mean(2) - cap));
  }
  CHECK(worst < 0.06 * cap);  // an oscillation, which a mean hides, would show here
}

TEST_CASE("power loop: plants of other shapes and meters that are later are held as well") {
  const PlantModel model =
      GENERATE(PlantModel{.curve = -0.08}, PlantModel{.idle = 10, .full = 3000, .late = 2500ms},
               PlantModel{.idle = 300, .curve = 0.15, .late = 0ms},
               PlantModel{.noise = 0.01, .late = 1500ms, .missing = 0.5});
  const double cap = model.idle + 0.6 * (model.full - model.idle);
  SimulatedPlant plant(model);
  plant.loop.set_cap(cap);
  plant.run(180s);
  for (int i = 0; i < 12; ++i) {
    plant.run(10s);
    INFO("idle " << model.idle << " curve " << model.curve << " window " << i);
    CHECK(plant.mean(10) == Approx(cap).epsilon(0.03));
  }
}

TEST_CASE("power loop: the way up never exceeds the cap by more than 3 % of full for 2 s") {
  const double cap = GENERATE(90.0, 150.0, 250.0, 350.0, 430.0);
  const unsigned seed = GENERATE(1U, 2U, 3U);
  SimulatedPlant plant({}, seed);
  plant.loop.set_cap(cap);
  plant.run(60s);
  CHECK(plant.mean(10) == Approx(cap).epsilon(0.05));  // it gets there
  plant.run(120s);
  INFO("cap " << cap << " seed " << seed);
  CHECK(longest_above(plant, cap) <= 2s);
}

TEST_CASE("power loop: a lower cap is obeyed at once once the model is known, a higher one soon") {
  SimulatedPlant plant({});
  plant.loop.set_cap(400);
  plant.run(1200s);  // steady for long: what was learnt on the way up is kept
  plant.loop.set_cap(150);
  const std::size_t changed = plant.watts().size();
  plant.run(5s);
  CHECK(plant.mean(2) < 150 * 1.1);
  CHECK(plant.mean(2) > 150 * 0.7);
  plant.run(60s);
  CHECK(plant.mean(10) == Approx(150).epsilon(0.03));
  CHECK(longest_above(plant, 150, changed + 3) <= 2s);
  plant.loop.set_cap(300);
  const std::size_t raised = plant.watts().size();
  plant.run(5s);
  CHECK(plant.mean(2) > 300 * 0.8);
  plant.run(60s);
  CHECK(longest_above(plant, 300, raised) <= 2s);
  CHECK(plant.mean(10) == Approx(300).epsilon(0.03));
}

TEST_CASE("power loop: a cap that rises step by step is followed from below") {
  SimulatedPlant plant({});
  plant.loop.set_cap(150);
  plant.run(120s);
  const std::size_t begin = plant.watts().size();
  for (double cap = 150; cap < 400; cap += 0.1) {
    plant.loop.set_cap(cap);
    plant.run(100ms);
    CHECK(longest_above(plant, cap, std::max(begin, plant.watts().size() - 30)) <= 2s);
  }
  CHECK(plant.mean(5) > 370);
}

TEST_CASE("power loop: another cap that holds the work lower winds nothing up") {
  SimulatedPlant plant({});
  plant.other_cap = 0.2;
  plant.loop.set_cap(250);
  plant.run(300s);
  CHECK(plant.mean(10) < 170);
  plant.other_cap = 1;
  plant.run(120s);
  CHECK(longest_above(plant, 250) <= 2s);
  CHECK(plant.mean(10) == Approx(250).epsilon(0.03));
}

TEST_CASE(
    "power loop: a first cap begins where the work is, and comes down though nothing is known") {
  SimulatedPlant plant({});
  plant.run(60s);
  CHECK(plant.fraction() == 1);
  CHECK_FALSE(plant.loop.full_watts());  // one point is no line
  plant.loop.set_cap(250);
  const std::size_t capped = plant.watts().size();
  plant.run(1s);
  CHECK(plant.mean(1) < 250);
  plant.run(60s);
  CHECK(longest_above(plant, 250, capped) <= 2s);
  CHECK(plant.mean(10) == Approx(250).epsilon(0.03));
}

TEST_CASE("power loop: a meter that falls silent leaves the model, and a little less") {
  const auto steady = GENERATE(120s, 1800s);
  SimulatedPlant plant({});
  plant.loop.set_cap(250);
  plant.run(steady);
  const double before = plant.fraction();
  plant.set_silent(true);
  plant.run(60s);
  CHECK(plant.fraction() < before);
  CHECK(plant.mean(10) < 250 * 1.04);  // the heat goes on drifting, and nobody sees it
  CHECK(plant.mean(10) > 250 * 0.8);
  plant.loop.set_cap(150);
  plant.run(10s);
  CHECK(plant.mean(2) < 150 * 1.08);
  plant.loop.set_cap(400);
  plant.run(10s);
  CHECK(plant.mean(2) < 150 * 1.08);  // not raised blindly
  plant.loop.set_cap(250);
  plant.set_silent(false);
  plant.run(60s);
  CHECK(plant.mean(10) == Approx(250).epsilon(0.03));
}

TEST_CASE("power loop: no meter, and a cap below what idles, allow nothing") {
  SimulatedPlant blind({});
  blind.set_silent(true);
  blind.loop.set_cap(250);
  blind.run(60s);
  CHECK(blind.fraction() == 0);

  SimulatedPlant low({});
  low.loop.set_cap(40);
  low.run(120s);
  CHECK(low.fraction() == 0);
  low.loop.set_cap(250);
  low.run(60s);
  low.loop.set_cap(50);
  low.run(30s);
  CHECK(low.fraction() == 0);
}

TEST_CASE("power loop: no cap, no limit, and it learns what the machine draws") {
  SimulatedPlant plant({.drift = 0, .noise = 0.02});
  plant.loop.set_cap(100);
  plant.run(60s);
  plant.loop.set_cap(400);
  plant.run(60s);
  REQUIRE(plant.loop.full_watts());
  CHECK(*plant.loop.full_watts() == Approx(450).epsilon(0.1));
  CHECK(*plant.loop.idle_watts() == Approx(60).margin(40));
  plant.loop.set_cap(std::nullopt);
  plant.run(1s);
  CHECK(plant.fraction() == 1);
}

TEST_CASE("power loop: what devices draw that should rest is not taken for idle") {
  SimulatedPlant plant({.drift = 0});
  plant.loop.set_cap(250);
  plant.run(60s);
  plant.loop.set_cap(std::nullopt);
  plant.run(60s);
  REQUIRE(plant.loop.idle_watts());
  const double idle = *plant.loop.idle_watts();
  PowerReading deaf;
  deaf.watts = 450;
  deaf.averaged_over = 1s;
  deaf.meter = "NVML";
  for (auto at = SteadyTime(2000s); at < SteadyTime(2600s); at += 1s) {
    deaf.at = at;
    plant.loop.update(at, 0, deaf);
  }
  CHECK(*plant.loop.idle_watts() == idle);
}

TEST_CASE("power loop: another meter is learnt anew") {
  SimulatedPlant plant({});
  plant.loop.set_cap(250);
  plant.run(60s);
  REQUIRE(plant.loop.full_watts());
  PowerReading site;
  site.watts = 800;
  site.at = SteadyTime(2000s);
  site.averaged_over = 1s;
  site.meter = "external meter";
  plant.loop.update(site.at, plant.fraction(), site);
  CHECK_FALSE(plant.loop.full_watts());
}
