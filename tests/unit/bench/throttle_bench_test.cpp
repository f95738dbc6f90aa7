#include "bench/throttle_bench.h"

#include <algorithm>
#include <boost/json.hpp>
#include <deque>
#include <numeric>

#include "bench/measure.h"
#include "bench/throttle_plot.h"
#include "bench/throttle_report.h"
#include "tests/unit/catch.h"

using namespace ebb;
using namespace ebb::bench;

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr Instant kStart{std::chrono::hours(1)};
constexpr double kHps = 1e8;  // of one device

Instant at(double ms) {
  return kStart + std::chrono::round<nanoseconds>(std::chrono::duration<double, std::milli>(ms));
}

/// Two devices in slices of 5 ms, in a time of their own, and what may be wrong with them.
class FakeRig final : public ThrottleRig {
 public:
  nanoseconds late_to_zero{0}, late_to_full{0};
  bool one_is_deaf = false;
  double full = 1;        ///< of full work, once it was at zero
  double too_much = 0;    ///< duty above what is asked
  double parked_cpu = 0;  ///< of a core
  double waits = 0;       ///< threads that wait for a CPU

  void set_limit(const throttle::Limit& limit) override {
    double fraction = limit.hps ? *limit.hps / (2 * kHps) : limit.fraction;
    const bool was_zero = asked_ == 0;
    asked_ = fraction;
    if (fraction == 0) {
      full_ = full;
      return change_in(late_to_zero, 0);
    }
    if (fraction < 1) fraction += too_much;
    change_in(was_zero ? late_to_full : 0ns, std::min(fraction, full_));
  }

  std::vector<DeviceWork> read() override {
    std::vector<DeviceWork> work;
    for (const Device& device : devices_)
      work.push_back(device.work);
    return work;
  }

  nanoseconds cpu_time() override {
    return std::chrono::round<nanoseconds>((now_ - kStart) * parked_cpu);
  }

  nanoseconds waited() override { return std::chrono::round<nanoseconds>((now_ - kStart) * waits); }

  Instant now() override { return now_; }

  void wait_until(Instant time) override {
    while (!changes_.empty() && changes_.front().at <= time) {
      work_until(changes_.front().at);
      fraction_ = changes_.front().fraction;
      for (Device& device : devices_)
        device.may_start = std::max(device.may_start, now_);
      changes_.pop_front();
    }
    work_until(time);
  }

 private:
  static constexpr nanoseconds kSlice = 5ms;

  struct Device {
    DeviceWork work;
    std::optional<Instant> slice_end;
    Instant may_start = kStart;
  };
  struct Change {
    Instant at;
    double fraction = 0;
  };

  void change_in(nanoseconds delay, double fraction) {
    changes_.push_back({now_ + delay, fraction});
    wait_until(now_);
  }

  void work_until(Instant time) {
    for (Device& device : devices_) {
      const bool deaf = one_is_deaf && &device == &devices_.back();
      const double duty = deaf ? 1 : fraction_;
      while (true) {
        if (device.slice_end) {
          if (*device.slice_end > time) break;
          device.work.hashes += static_cast<std::uint64_t>(kHps * Seconds(kSlice).count());
          device.work.busy += kSlice;
          device.work.worked_until = *device.slice_end;
          device.slice_end.reset();
          const double pause = duty > 0 ? 1 / duty - 1 : 0;
          device.may_start =
              device.work.worked_until + std::chrono::round<nanoseconds>(Seconds(kSlice) * pause);
        }
        if (duty == 0 || device.may_start > time) break;
        device.slice_end = device.may_start + kSlice;
      }
    }
    now_ = std::max(now_, time);
  }

  Instant now_ = kStart;
  double asked_ = 0, fraction_ = 0, full_ = 1;
  std::vector<Device> devices_{2};
  std::deque<Change> changes_;
};

ThrottleBenchOptions only_steps() {
  ThrottleBenchOptions options;
  options.trials = 20;
  options.caps.clear();
  return options;
}

ThrottleBenchOptions only_caps() {
  ThrottleBenchOptions options;
  options.trials = 0;
  options.caps = {0.05, 0.5, 0.95};
  return options;
}

Percentiles of(const ThrottleFigures& figures, double StepTrial::*value) {
  std::vector<double> values;
  for (const StepTrial& trial : figures.trials)
    values.push_back(trial.*value);
  return percentiles(values);
}

const BenchSubject kSubject{"1.2.3", {"cpu0 (avx2)", "cpu1 (avx2)"}};

}  // namespace

TEST_CASE("work curve: hashes lie in a slice's busy time, which ends at its end") {
  WorkCurve curve;
  std::vector<DeviceWork> device{{1000, 1s, at(0)}};
  curve.add(device);
  device[0] = {1400, 1s + 4ms, at(10)};
  curve.add(device);
  CHECK(curve.hashes(at(0), at(6)) == 0);  // a pause
  CHECK(curve.hashes(at(6), at(7)) == Approx(100));
  CHECK(curve.hashes(at(-5), at(20)) == Approx(400));
  CHECK(curve.last_work(at(9)) == at(10));
  CHECK_FALSE(curve.last_work(at(10)).has_value());

  device[0].hashes += 7;  // counted, but its time is not there yet
  curve.add(device);
  CHECK(curve.hashes(at(-5), at(20)) == Approx(400));
  device[0] = {1800, 1s + 8ms, at(14)};
  curve.add(device);
  CHECK(curve.hashes(at(10), at(14)) == Approx(400));
}

TEST_CASE("work curve: a device's clock may run ahead of ours") {
  WorkCurve curve;
  std::vector<DeviceWork> device{{0, 0s, at(0)}};
  curve.add(device);
  device[0] = {500, 6ms, at(5)};
  curve.add(device);
  CHECK(curve.hashes(at(0), at(5)) == Approx(500));
}

TEST_CASE("throttle bench: percentiles by nearest rank") {
  std::vector<double> values(200);
  std::iota(values.begin(), values.end(), 1.0);
  std::reverse(values.begin(), values.end());
  const Percentiles it = percentiles(values);
  CHECK(it.p50 == 100);
  CHECK(it.p99 == 198);
  CHECK(it.max == 200);
  CHECK(percentiles({7}).p99 == 7);
}

TEST_CASE("throttle bench: the worst window counts, not the mean") {
  // A second on, a second off; then two seconds on.
  std::vector<DoneBy> samples;
  double done = 0;
  for (int i = 0; i <= 100; ++i) {
    samples.push_back({at(100.0 * i), done});
    const bool on = (i / 10) % 2 == 0 || i >= 80;
    if (on) done += 0.1;
  }
  CHECK(worst_rate(samples, 2s, 0.5) == Approx(1.0));
  CHECK(worst_rate(std::span(samples).first(80), 2s, 0.5) == Approx(0.5));
  CHECK(worst_rate(samples, 1s, 0.6) == Approx(0.0).margin(1e-9));
}

TEST_CASE("throttle bench: full is the first moment whose next 20 ms do 95 %") {
  WorkCurve curve;
  std::vector<DeviceWork> device{{0, 0s, at(0)}};
  curve.add(device);
  for (int i = 0; i < 100; ++i) {
    device[0].hashes += i < 20 ? 900 : 1000;
    device[0].busy += 1ms;
    device[0].worked_until += 1ms;
    curve.add(device);
  }
  // Half of the window at 90 % and half at 100 %.
  CHECK(first_at_full(curve, at(0), at(100), 1e6) == at(10));
  CHECK_FALSE(first_at_full(curve, at(0), at(29), 1e6).has_value());
  CHECK_FALSE(first_at_full(curve, at(0), at(100), 1.1e6).has_value());
  CHECK(full_rate(curve, at(20), at(100)) == Approx(1e6));
  CHECK(full_rate(curve, at(20), at(30)) == 0);
}

TEST_CASE("throttle bench: a rig that obeys ends with its slice and is back at once") {
  FakeRig rig;
  const ThrottleFigures figures = bench_throttle(only_steps(), rig);
  REQUIRE(figures.trials.size() == 20u);
  CHECK(figures.full_hps == Approx(2 * kHps));
  const Percentiles zero = of(figures, &StepTrial::zero_ms);
  CHECK(zero.p50 > 0);
  CHECK(zero.max <= 5);
  CHECK(of(figures, &StepTrial::zero_ms).max > of(figures, &StepTrial::zero_ms).p50);  // phases
  CHECK(of(figures, &StepTrial::full_ms).max <= 1);
  CHECK(of(figures, &StepTrial::calm_ms).max <= 1);
  CHECK(figures.parked_cpu_fraction == 0);
  CHECK(exit_code_of(figures) == 0);
}

TEST_CASE("throttle bench: a late rig shows") {
  FakeRig rig;
  rig.late_to_zero = 30ms;
  rig.late_to_full = 50ms;
  rig.parked_cpu = 0.01;
  const ThrottleFigures figures = bench_throttle(only_steps(), rig);
  for (const StepTrial& trial : figures.trials) {
    CHECK(trial.zero_ms >= 30);
    CHECK(trial.zero_ms <= 35);
    CHECK(trial.full_ms == Approx(49).margin(1.01));  // 5 % of 20 ms sooner
    CHECK(trial.calm_ms <= 1);
  }
  CHECK(figures.parked_cpu_fraction == Approx(0.01));
  CHECK(exit_code_of(figures) == 0);
}

TEST_CASE("throttle bench: a rig later than it is waited for is not taken for a quick one") {
  FakeRig rig;
  rig.late_to_zero = 700ms;
  const Percentiles zero = of(bench_throttle(only_steps(), rig), &StepTrial::zero_ms);
  CHECK(zero.p50 >= 700);
  CHECK(zero.max <= 705);
}

TEST_CASE("throttle bench: a deaf device is never at zero") {
  FakeRig rig;
  rig.one_is_deaf = true;
  const ThrottleFigures figures = bench_throttle(only_steps(), rig);
  CHECK(std::all_of(figures.trials.begin(), figures.trials.end(),
                    [](const StepTrial& trial) { return trial.deaf && trial.zero_ms >= 2000; }));
  CHECK(exit_code_of(figures) == 1);
  CHECK(throttle_table(kSubject, figures).find("20 NEVER") != std::string::npos);
  CHECK(boost::json::parse(throttle_json(kSubject, figures)).at("never_zero") == 20);
}

TEST_CASE("throttle bench: a rig that comes back with less is not back") {
  FakeRig rig;
  rig.full = 0.8;
  const ThrottleFigures figures = bench_throttle(only_steps(), rig);
  CHECK(figures.trials.front().stuck);
  CHECK(figures.trials.front().full_ms >= 2000);
  CHECK(exit_code_of(figures) == 1);
  // What follows is measured by the lower rate, and that shows too.
  CHECK(figures.full_hps == Approx(2 * kHps));
  CHECK(figures.trials.back().full_hps == Approx(0.8 * 2 * kHps).epsilon(0.07));
}

TEST_CASE("throttle bench: caps are kept in both units, or their errors show") {
  for (const double too_much : {0.0, 0.02}) {
    FakeRig rig;
    rig.too_much = too_much;
    const ThrottleFigures figures = bench_throttle(only_caps(), rig);
    REQUIRE(figures.caps.size() == 6u);
    for (std::size_t i = 0; i < figures.caps.size(); ++i) {
      const CapFigure& cap = figures.caps[i];
      INFO(i);
      CHECK(cap.kind == (i % 2 == 0 ? CapKind::fraction : CapKind::hashrate));
      CHECK(cap.full_scale == Approx(i % 2 == 0 ? 1 : 2 * kHps));
      CHECK(cap.asked / cap.full_scale == Approx(only_caps().caps[i / 2]));
      CHECK(cap.error() == Approx(too_much).margin(0.002));
      CHECK(cap.mean_error() == Approx(too_much).margin(0.002));
    }
  }
}

TEST_CASE("throttle bench: trials among busy neighbours are not quiet") {
  for (const double waits : {0.008, 0.012}) {  // of two threads
    FakeRig rig;
    rig.waits = waits;
    const ThrottleFigures figures = bench_throttle(only_steps(), rig);
    const bool quiet = waits < 2 * kQuietShare;
    const auto json = boost::json::parse(throttle_json(kSubject, figures)).at("quiet");
    CHECK(json.at("trials") == (quiet ? 20 : 0));
    CHECK(json.as_object().contains("zero_ms") == quiet);
    CHECK((throttle_table(kSubject, figures).find("quiet") != std::string::npos) == quiet);
  }
}

TEST_CASE("throttle report: JSON has the agreed fields") {
  FakeRig rig;
  ThrottleBenchOptions options = only_caps();
  options.trials = 3;
  const ThrottleFigures figures = bench_throttle(options, rig);
  const auto json = boost::json::parse(throttle_json(kSubject, figures)).as_object();
  CHECK(json.at("trials") == 3);
  for (const char* step : {"zero_ms", "full_ms", "calm_ms"}) {
    for (const char* rank : {"p50", "p99", "max"})
      CHECK(json.at(step).as_object().contains(rank));
  }
  REQUIRE(json.at("caps").as_array().size() == 6u);
  const auto& cap = json.at("caps").at(1).as_object();
  CHECK(cap.at("kind") == "hps");
  for (const char* field : {"asked", "measured", "error"})
    CHECK(cap.at(field).is_double());
  CHECK(json.at("parked_cpu_fraction") == 0.0);
  CHECK(json.at("version") == "1.2.3");
  CHECK(json.at("devices").as_array().size() == 2u);
  CHECK(throttle_json(kSubject, bench_throttle(only_steps(), rig)).find("\"caps\":[]") !=
        std::string::npos);
}

TEST_CASE("throttle report: without trials or caps their parts are left out") {
  FakeRig rig;
  ThrottleBenchOptions options = only_caps();
  options.caps.clear();
  const ThrottleFigures figures = bench_throttle(options, rig);
  CHECK(throttle_table(kSubject, figures).find("trials") == std::string::npos);
  CHECK(throttle_table(kSubject, figures).find("asked") == std::string::npos);
  const auto json = boost::json::parse(throttle_json(kSubject, figures)).as_object();
  CHECK(json.at("trials") == 0);
  CHECK_FALSE(json.contains("zero_ms"));
  CHECK(throttle_plot(figures).find("nan") == std::string::npos);
}

TEST_CASE("throttle plot: well formed, with a dot for each answer and each cap") {
  FakeRig rig;
  ThrottleBenchOptions options = only_caps();
  options.trials = 5;
  const std::string svg = throttle_plot(bench_throttle(options, rig));
  CHECK(svg.starts_with("<svg "));
  CHECK(svg.ends_with("</svg>\n"));
  const auto count = [&](std::string_view what) {
    std::size_t n = 0;
    for (std::size_t found = 0; (found = svg.find(what, found)) != std::string::npos; ++found)
      ++n;
    return n;
  };
  CHECK(count("<circle") == 2 + 2 + 2 * 5 + 6);
  CHECK(count("<text") == count("</text>"));
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
}
