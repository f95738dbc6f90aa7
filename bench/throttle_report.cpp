#include "bench/throttle_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "bench/measure.h"

namespace ebb::bench {
namespace {

#if defined(__clang__)
constexpr const char* kCompiler = "clang " __clang_version__;
#else
constexpr const char* kCompiler = "gcc " __VERSION__;
#endif

std::vector<double> each(const ThrottleFigures& figures, double StepTrial::*value) {
  std::vector<double> values;
  for (const StepTrial& trial : figures.trials)
    values.push_back(trial.*value);
  return values;
}

std::vector<double> each_quiet(const ThrottleFigures& figures, double StepTrial::*value) {
  std::vector<double> values;
  for (const StepTrial& trial : figures.trials) {
    if (trial.quiet) values.push_back(trial.*value);
  }
  return values;
}

std::size_t count(const ThrottleFigures& figures, bool StepTrial::*flag) {
  return static_cast<std::size_t>(
      std::count_if(figures.trials.begin(), figures.trials.end(),
                    [&](const StepTrial& trial) { return trial.*flag; }));
}

boost::json::object as_json(const Percentiles& it) {
  return {{"p50", it.p50}, {"p99", it.p99}, {"max", it.max}};
}

boost::json::object as_json(const CapFigure& cap) {
  return {{"kind", cap.kind == CapKind::fraction ? "fraction" : "hps"},
          {"asked", cap.asked},
          {"measured", cap.measured},
          {"mean", cap.mean},
          {"full_scale", cap.full_scale},
          {"error", cap.error()},
          {"mean_error", cap.mean_error()}};
}

/// "25 %" or "37.10 MH/s".
std::string amount(const CapFigure& cap, double value) {
  if (cap.kind == CapKind::fraction) return fmt::format("{:.2f} %", 100 * value);
  return fmt::format("{:.2f} MH/s", value / 1e6);
}

std::string step_row(const char* name, const std::vector<double>& values, std::size_t failed) {
  const Percentiles it = percentiles(values);
  const std::string failures = failed > 0 ? fmt::format("  {} NEVER", failed) : "";
  return fmt::format("{:<28} {:>8.1f} {:>8.1f} {:>8.1f}{}\n", name, it.p50, it.p99, it.max,
                     failures);
}

}  // namespace

Percentiles percentiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto rank = [&](double share) {
    const double count = std::ceil(share * static_cast<double>(values.size()));
    return values[static_cast<std::size_t>(std::max(count, 1.0)) - 1];
  };
  return {rank(0.5), rank(0.99), values.back()};
}

std::string throttle_table(const BenchSubject& subject, const ThrottleFigures& figures) {
  std::string text = fmt::format("ebb {}, {}; {} devices, first: {}\n\n", subject.version,
                                 kCompiler, subject.devices.size(), subject.devices.front());
  if (!figures.trials.empty()) {
    text += fmt::format("{:<28} {:>8} {:>8} {:>8}\n",
                        fmt::format("{} trials, ms", figures.trials.size()), "p50", "p99", "max");
    text += step_row("zero: last hash after", each(figures, &StepTrial::zero_ms),
                     count(figures, &StepTrial::deaf));
    text += step_row("full: 95 % of the rate after", each(figures, &StepTrial::full_ms),
                     count(figures, &StepTrial::stuck));
    text += step_row("the same long after a step", each(figures, &StepTrial::calm_ms), 0);
    if (const std::size_t quiet = count(figures, &StepTrial::quiet); quiet > 0) {
      text += fmt::format("of these {} quiet:\n", quiet);
      text += step_row("zero", each_quiet(figures, &StepTrial::zero_ms), 0);
      text += step_row("full", each_quiet(figures, &StepTrial::full_ms), 0);
    }
    text += fmt::format("full rate {:.2f} MH/s before, {:.2f} in the middle trial\n\n",
                        figures.full_hps / 1e6, median(each(figures, &StepTrial::full_hps)) / 1e6);
  }
  text += fmt::format("parked: {:.3f} % of one core\n", 100 * figures.parked_cpu_fraction);
  if (figures.caps.empty()) return text;
  text += fmt::format("\n{:>14} {:>14} {:>14} {:>9} {:>9}\n", "asked", "worst window", "mean",
                      "worst", "mean");
  for (const CapFigure& cap : figures.caps) {
    text += fmt::format("{:>14} {:>14} {:>14} {:>+7.2f} % {:>+7.2f} %\n", amount(cap, cap.asked),
                        amount(cap, cap.measured), amount(cap, cap.mean), 100 * cap.error(),
                        100 * cap.mean_error());
  }
  return text + "(errors are of full scale)\n";
}

std::string throttle_json(const BenchSubject& subject, const ThrottleFigures& figures) {
  boost::json::object result;
  result["version"] = subject.version;
  result["compiler"] = kCompiler;
  result["devices"] = boost::json::value_from(subject.devices);
  result["trials"] = figures.trials.size();
  if (!figures.trials.empty()) {
    result["zero_ms"] = as_json(percentiles(each(figures, &StepTrial::zero_ms)));
    result["full_ms"] = as_json(percentiles(each(figures, &StepTrial::full_ms)));
    result["calm_ms"] = as_json(percentiles(each(figures, &StepTrial::calm_ms)));
    boost::json::object quiet{{"trials", count(figures, &StepTrial::quiet)}};
    if (count(figures, &StepTrial::quiet) > 0) {
      quiet["zero_ms"] = as_json(percentiles(each_quiet(figures, &StepTrial::zero_ms)));
      quiet["full_ms"] = as_json(percentiles(each_quiet(figures, &StepTrial::full_ms)));
    }
    result["quiet"] = std::move(quiet);
    result["never_zero"] = count(figures, &StepTrial::deaf);
    result["never_full"] = count(figures, &StepTrial::stuck);
    result["full_hps"] = {{"before", figures.full_hps},
                          {"trials", median(each(figures, &StepTrial::full_hps))}};
  }
  boost::json::array caps;
  for (const CapFigure& cap : figures.caps)
    caps.push_back(as_json(cap));
  result["caps"] = std::move(caps);
  result["parked_cpu_fraction"] = figures.parked_cpu_fraction;
  return boost::json::serialize(result);
}

int exit_code_of(const ThrottleFigures& figures) {
  const bool ended = std::none_of(figures.trials.begin(), figures.trials.end(),
                                  [](const StepTrial& it) { return it.deaf || it.stuck; });
  return ended ? 0 : 1;
}

}  // namespace ebb::bench
