#include "bench/throttle_bench.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include "bench/measure.h"

namespace ebb::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr double kFullShare = 0.95;
constexpr milliseconds kFullWindow{20};
constexpr std::chrono::microseconds kFullStep{500};

// Readings this often tell every slice of 2 ms and more apart.
constexpr milliseconds kPoll{1};

// A trial's parts. `Jitter` is added at random, so that steps meet slices, pauses and ticks at any
// phase.
constexpr milliseconds kWarmUp{1500};
constexpr milliseconds kSettled{60};
constexpr milliseconds kWork{300};
constexpr milliseconds kQuiet{200};
constexpr milliseconds kJitter{100};

constexpr milliseconds kParkedSettles{1000};
constexpr std::chrono::seconds kParked{10};

constexpr milliseconds kCapFull{1000};
constexpr milliseconds kCapSettles{2000};
constexpr milliseconds kCapPoll{50};
constexpr double kCapWindows = 1.5;  // observed, in windows

throttle::Limit fraction_limit(double fraction) {
  throttle::Limit limit;
  limit.fraction = fraction;
  return limit;
}

class Bench {
 public:
  Bench(const ThrottleBenchOptions& options, ThrottleRig& rig) : options_(options), rig_(rig) {}

  ThrottleFigures run() && {
    step_trials();
    figures_.parked_cpu_fraction = parked_cpu_fraction();
    for (const double fraction : options_.caps) {
      figures_.caps.push_back(fraction_cap(fraction));
      figures_.caps.push_back(hashrate_cap(fraction));
    }
    return std::move(figures_);
  }

 private:
  void step_trials() {
    rig_.set_limit(fraction_limit(1));
    WorkCurve curve;
    Instant last_begin = rig_.now(), begin = last_begin;
    nanoseconds last_waited = rig_.waited(), waited = last_waited;
    Instant settled = rig_.now() + kSettled;
    watch(curve, rig_.now() + kWarmUp);
    figures_.full_hps = full_rate(curve, settled, rig_.now());
    for (unsigned i = 0; i < options_.trials; ++i) {
      StepTrial trial;
      const Instant zero_at = rig_.now();
      to_zero(curve, trial);
      trial.full_hps = full_rate(curve, settled, zero_at);
      // By a rate as old as that of full_ms: what the machine did in the meantime counts in both.
      const double before =
          figures_.trials.empty() ? figures_.full_hps : figures_.trials.back().full_hps;
      const auto calm = first_at_full(curve, settled, zero_at, before);
      trial.calm_ms = Milliseconds(calm.value_or(zero_at) - settled).count();
      curve = WorkCurve();
      settled = to_full(curve, trial);
      const double devices = static_cast<double>(rig_.read().size());
      const double share = Seconds(rig_.waited() - last_waited) / Seconds(rig_.now() - last_begin);
      trial.quiet = share < kQuietShare * devices;
      last_begin = std::exchange(begin, rig_.now());
      last_waited = std::exchange(waited, rig_.waited());
      figures_.trials.push_back(trial);
    }
  }

  void to_zero(WorkCurve& curve, StepTrial& trial) {
    const Instant start = rig_.now();
    rig_.set_limit(fraction_limit(0));
    const nanoseconds quiet = kQuiet + jitter();
    Instant last = start;
    while (rig_.now() < last + quiet && !trial.deaf) {
      rig_.wait_until(std::min(last + quiet, rig_.now() + kQuiet / 4));
      curve.add(rig_.read());
      last = std::max(last, curve.last_work(start).value_or(start));
      trial.deaf = rig_.now() >= start + options_.gives_up;
    }
    trial.zero_ms = Milliseconds((trial.deaf ? rig_.now() : last) - start).count();
  }

  /// Returns from when on full work may be taken for granted.
  Instant to_full(WorkCurve& curve, StepTrial& trial) {
    curve.add(rig_.read());
    const Instant start = rig_.now();
    rig_.set_limit(fraction_limit(1));
    watch(curve, start + kWork + jitter());
    auto reached = first_at_full(curve, start, rig_.now(), trial.full_hps);
    while (!reached && rig_.now() < start + options_.gives_up) {
      watch(curve, rig_.now() + kJitter);
      reached = first_at_full(curve, start, rig_.now(), trial.full_hps);
    }
    if (reached)
      watch(curve, *reached + kWork);  // where it came late, too, the next step finds full work
    trial.stuck = !reached;
    trial.full_ms = Milliseconds(reached.value_or(rig_.now()) - start).count();
    // After long waiting the latest work counts, as it does without.
    return std::max(start + kSettled, rig_.now() - kWork);
  }

  double parked_cpu_fraction() {
    WorkCurve curve;
    curve.add(rig_.read());
    StepTrial trial;
    to_zero(curve, trial);
    rig_.wait_until(rig_.now() + kParkedSettles);
    const Instant start = rig_.now();
    const nanoseconds used = rig_.cpu_time();
    rig_.wait_until(start + kParked);
    return Seconds(rig_.cpu_time() - used) / Seconds(rig_.now() - start);
  }

  /// Each device's rate with no cap, right now.
  std::vector<double> full_rates() {
    rig_.set_limit(fraction_limit(1));
    rig_.wait_until(rig_.now() + kSettled);
    const auto before = rig_.read();
    rig_.wait_until(rig_.now() + kCapFull);
    const auto after = rig_.read();
    std::vector<double> rates;
    for (std::size_t i = 0; i < before.size(); ++i) {
      const Seconds elapsed = after[i].worked_until - before[i].worked_until;
      const auto hashes = static_cast<double>(after[i].hashes - before[i].hashes);
      rates.push_back(elapsed.count() > 0 ? hashes / elapsed.count() : 0);
    }
    return means_by_kind(rates, after);
  }

  /// One thread's rate depends on who else is on its core just then; which one rests must not
  /// matter.
  static std::vector<double> means_by_kind(const std::vector<double>& rates,
                                           const std::vector<DeviceWork>& devices) {
    std::vector<double> means;
    for (std::size_t i = 0; i < rates.size(); ++i) {
      double sum = 0, count = 0;
      for (std::size_t j = 0; j < rates.size(); ++j) {
        const bool alike =
            i == j || (!devices[i].kind.empty() && devices[i].kind == devices[j].kind);
        if (!alike) continue;
        sum += rates[j];
        count += 1;
      }
      means.push_back(sum / count);
    }
    return means;
  }

  CapFigure fraction_cap(double fraction) {
    const std::vector<double> rates = full_rates();
    CapFigure figure;
    figure.asked = fraction;
    return hold(fraction_limit(fraction), figure, [&](const std::vector<DeviceWork>& devices) {
      double done = 0, all = 0;
      for (std::size_t i = 0; i < devices.size(); ++i) {
        done += rates[i] * Seconds(devices[i].busy).count();
        all += rates[i];
      }
      return all > 0 ? done / all : 0;
    });
  }

  CapFigure hashrate_cap(double fraction) {
    const std::vector<double> rates = full_rates();
    CapFigure figure;
    figure.kind = CapKind::hashrate;
    figure.full_scale = std::accumulate(rates.begin(), rates.end(), 0.0);
    figure.asked = fraction * figure.full_scale;
    throttle::Limit limit;
    limit.hps = figure.asked;
    return hold(limit, figure, [](const std::vector<DeviceWork>& devices) {
      return std::accumulate(devices.begin(), devices.end(), 0.0,
                             [](double sum, const DeviceWork& device) {
                               return sum + static_cast<double>(device.hashes);
                             });
    });
  }

  template <class Amount>
  CapFigure hold(const throttle::Limit& limit, CapFigure figure, Amount amount) {
    rig_.set_limit(limit);
    rig_.wait_until(rig_.now() + kCapSettles);
    std::vector<DoneBy> samples;
    const Instant start = rig_.now();
    const auto observed = std::chrono::duration<double>(options_.window) * kCapWindows;
    const Instant end = start + std::chrono::duration_cast<nanoseconds>(observed) + kCapPoll;
    while (rig_.now() < end) {
      samples.push_back({rig_.now(), amount(rig_.read())});
      rig_.wait_until(rig_.now() + kCapPoll);
    }
    samples.push_back({rig_.now(), amount(rig_.read())});
    figure.measured = worst_rate(samples, options_.window, figure.asked);
    figure.mean = (samples.back().amount - samples.front().amount) /
                  Seconds(samples.back().time - samples.front().time).count();
    return figure;
  }

  void watch(WorkCurve& curve, Instant until) {
    while (rig_.now() < until) {
      curve.add(rig_.read());
      rig_.wait_until(std::min(until, rig_.now() + kPoll));
    }
    curve.add(rig_.read());
  }

  nanoseconds jitter() {
    return nanoseconds(
        std::uniform_int_distribution<nanoseconds::rep>(0, nanoseconds(kJitter).count())(random_));
  }

  const ThrottleBenchOptions& options_;
  ThrottleRig& rig_;
  std::mt19937 random_;  // NOLINT(cert-msc51-cpp): the same phases in every run
  ThrottleFigures figures_;
};

}  // namespace

ThrottleFigures bench_throttle(const ThrottleBenchOptions& options, ThrottleRig& rig) {
  return Bench(options, rig).run();
}

std::chrono::seconds duration_of(const ThrottleBenchOptions& options) {
  const Seconds trial = kWork + kQuiet + kJitter;
  const Seconds cap = kSettled + kCapFull + kCapSettles + kCapWindows * Seconds(options.window);
  const Seconds all = kWarmUp + options.trials * trial + kParkedSettles + kParked +
                      2.0 * static_cast<double>(options.caps.size()) * cap;
  return std::chrono::ceil<std::chrono::seconds>(all);
}

double worst_rate(std::span<const DoneBy> samples, std::chrono::nanoseconds window, double asked) {
  double worst = asked;
  for (std::size_t first = 0, last = 0; first < samples.size(); ++first) {
    while (last < samples.size() && samples[last].time - samples[first].time < window)
      ++last;
    if (last == samples.size()) break;
    const Seconds elapsed = samples[last].time - samples[first].time;
    const double rate = (samples[last].amount - samples[first].amount) / elapsed.count();
    if (std::abs(rate - asked) > std::abs(worst - asked)) worst = rate;
  }
  return worst;
}

std::optional<Instant> first_at_full(const WorkCurve& curve, Instant since, Instant until,
                                     double full_hps) {
  const double enough = kFullShare * full_hps * Seconds(kFullWindow).count();
  for (Instant at = since; at + kFullWindow <= until; at += kFullStep) {
    if (curve.hashes(at, at + kFullWindow) >= enough) return at;
  }
  return std::nullopt;
}

double full_rate(const WorkCurve& curve, Instant from, Instant to) {
  std::vector<double> rates;
  for (Instant at = from; at + kFullWindow <= to; at += kFullWindow)
    rates.push_back(curve.hashes(at, at + kFullWindow) / Seconds(kFullWindow).count());
  return rates.empty() ? 0 : median(std::move(rates));
}

}  // namespace ebb::bench
