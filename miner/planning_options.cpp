#include <limits>
#include <memory>

#include "miner/config_file.h"
#include "miner/flags.h"
#include "miner/option_values.h"
#include "throttle/schedule/time_zone.h"

namespace ebb::miner {
namespace {

// Meters average over a second; nobody means to wait for hours.
constexpr std::chrono::seconds kShortestStep{2}, kLongestStep{600};

void check_zone(const std::string& zone) {
  value_or_usage_error("--zone", throttle::parse_time("2026-01-01T00:00", zone));
}

struct SimulateTexts {
  std::string config, timeline, seed, zone, plot;
  bool json = false;
};

SimulateOptions read_simulate(const SimulateTexts& texts) {
  SimulateOptions options;
  options.throttle =
      value_or_usage_error("--config", read_config_file(texts.config, ConfigUse::simulate))
          .throttle;
  options.timeline = texts.timeline;
  if (!texts.seed.empty()) {
    options.seed = value_or_usage_error(
        "--seed",
        parse_number<std::uint64_t>(texts.seed, 0, std::numeric_limits<std::uint64_t>::max()));
  }
  check_zone(texts.zone);
  options.zone = texts.zone;
  options.plot = texts.plot;
  options.json = texts.json;
  return options;
}

CommandFlags simulate_flags(CLI::App& app) {
  const auto texts = std::make_shared<SimulateTexts>();
  CLI::App* simulate =
      app.add_subcommand("simulate", "What the throttle would do about a timeline");
  simulate->add_option("--config", texts->config, "Configuration file")->required();
  simulate->add_option("--timeline", texts->timeline, "File of signals, restarts and clock jumps")
      ->required();
  simulate->add_option("--seed", texts->seed, "Of the random returns (default: 1)");
  simulate->add_option("--zone", texts->zone, "Of the times shown (default: this machine's)");
  simulate->add_option("--plot", texts->plot, "Draw the result into this file: .svg or .html");
  simulate->add_flag("--json", texts->json, "Print JSON");
  return {simulate, [texts] { return read_simulate(*texts); }};
}

struct ReportTexts {
  std::string from, to, format, zone, state;
};

ReportOptions read_report(const ReportTexts& texts) {
  ReportOptions options;
  check_zone(texts.zone);
  options.zone = texts.zone;
  if (!texts.from.empty()) {
    options.from = value_or_usage_error("--from", throttle::parse_time(texts.from, texts.zone));
  }
  if (!texts.to.empty()) {
    options.to = value_or_usage_error("--to", throttle::parse_time(texts.to, texts.zone));
  }
  if (options.from && options.to && *options.to <= *options.from) {
    throw UsageError{"--to: is not after --from"};
  }
  if (texts.format == "json") {
    options.format = ReportOptions::Format::json;
  } else if (texts.format == "html") {
    options.format = ReportOptions::Format::html;
  } else if (texts.format != "csv") {
    throw UsageError{"--format: " + quote(texts.format) + " is none of csv, json, html"};
  }
  options.state_folder = read_state_folder(texts.state);
  return options;
}

CommandFlags report_flags(CLI::App& app) {
  const auto texts = std::make_shared<ReportTexts>();
  texts->format = "csv";
  CLI::App* report = app.add_subcommand("report", "The events of the ledger, for settlement");
  report->add_option("--from", texts->from,
                     "Since then: 2026-02-01T00:00 (default: the beginning)");
  report->add_option("--to", texts->to, "Until then (default: now)");
  report->add_option("--format", texts->format, "csv, json or html")->capture_default_str();
  report->add_option("--zone", texts->zone,
                     "Of times given and shown: Asia/Almaty (default: this machine's)");
  add_state_flag(*report, texts->state);
  return {report, [texts] { return read_report(*texts); }};
}

struct CalibrateTexts {
  std::string devices, backend, step, config, state;
};

CalibrateOptions read_calibrate(const CalibrateTexts& texts) {
  MineOptions defaults;
  if (!texts.config.empty()) {
    defaults = value_or_usage_error("--config", read_config_file(texts.config));
  }
  CalibrateOptions options;
  options.devices = texts.devices.empty() ? defaults.devices : read_devices(texts.devices);
  options.backend = texts.backend.empty() ? defaults.backend : read_backend(texts.backend);
  options.power = defaults.throttle.power;
  if (!texts.step.empty()) {
    const auto step = value_or_usage_error("--step", parse_wait_seconds(texts.step));
    if (step < kShortestStep || step > kLongestStep) {
      throw UsageError{"--step: " + quote(texts.step) + " is not from 2s to 10m"};
    }
    options.step = step;
  }
  options.state_folder = read_state_folder(texts.state);
  return options;
}

CommandFlags calibrate_flags(CLI::App& app) {
  const auto texts = std::make_shared<CalibrateTexts>();
  CLI::App* calibrate = app.add_subcommand(
      "calibrate", "Measure power at 0, 25, 50 and 100 % for times without a meter");
  calibrate->add_option("--devices", texts->devices, "auto, or any of cpu,cuda,cuda:N");
  calibrate->add_option("--backend", texts->backend, "Force a CPU kernel: " + backend_names());
  calibrate->add_option("--step", texts->step, "Length of each point (default: 15s)");
  calibrate->add_option("--config", texts->config, "Take devices and meters from this file");
  add_state_flag(*calibrate, texts->state);
  return {calibrate, [texts] { return read_calibrate(*texts); }};
}

CommandFlags check_flags(CLI::App& app) {
  const auto options = std::make_shared<CheckOptions>();
  CLI::App* check = app.add_subcommand("check", "Read a configuration and say what it would do");
  check->add_option("--config", options->config, "The file")->required();
  return {check, [options] { return *options; }};
}

}  // namespace

std::vector<CommandFlags> planning_flags(CLI::App& app) {
  return {report_flags(app), simulate_flags(app), check_flags(app), calibrate_flags(app)};
}

}  // namespace ebb::miner
