#include <algorithm>
#include <bit>
#include <memory>

#include "miner/flags.h"
#include "miner/option_values.h"
#include "miner/wanted.h"

namespace ebb::miner {
namespace {

struct HashTexts {
  std::string devices, backend, threads, midstates, seconds, repeats, plot;
  bool json = false, retune = false;
};

/// "1,2,4"; each number once. `word`, if there is one, means `word_means`.
tl::expected<std::vector<unsigned>, std::string> parse_numbers(std::string_view text, unsigned most,
                                                               std::string_view word = {},
                                                               unsigned word_means = 0) {
  std::vector<unsigned> numbers;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    auto number = parse_number<unsigned>(item, 1, most);
    if (!word.empty() && item == word) number = word_means;
    if (!number) return tl::unexpected(number.error());
    if (std::find(numbers.begin(), numbers.end(), *number) != numbers.end()) {
      return tl::unexpected(quote(text) + " names " + std::string(item) + " twice");
    }
    numbers.push_back(*number);
    if (comma == std::string_view::npos) return numbers;
    rest.remove_prefix(comma + 1);
  }
}

void refuse_cpu_flags_without_cpu(const std::string& devices, const HashTexts& texts) {
  if (read_wanted(devices).cpu) return;
  const std::pair<const char*, const std::string&> flags[] = {
      {"--backend", texts.backend}, {"--threads", texts.threads}, {"--plot", texts.plot}};
  for (const auto& [flag, value] : flags) {
    if (!value.empty()) throw UsageError{std::string(flag) + ": --devices names no cpu"};
  }
}

bench::HashBenchOptions read_bench_hash(const HashTexts& texts) {
  constexpr unsigned kMaxRepeats = 10'000;
  bench::HashBenchOptions options;
  options.backend = read_backend(texts.backend);
  options.json = texts.json;
  options.plot = texts.plot;
  options.retune = texts.retune;
  if (!texts.devices.empty()) options.devices = read_devices(texts.devices);
  refuse_cpu_flags_without_cpu(options.devices, texts);
  if (!texts.threads.empty()) {
    options.threads = value_or_usage_error(
        "--threads", parse_numbers(texts.threads, kMaxThreads, "all", bench::kAllThreads));
  }
  if (!texts.midstates.empty()) {
    options.midstates =
        value_or_usage_error("--midstates", parse_numbers(texts.midstates, core::kMaxMidstates));
    for (const unsigned midstates : options.midstates) {
      // A unit's versions differ in whole bits.
      if (!std::has_single_bit(midstates)) {
        throw UsageError{"--midstates: " + std::to_string(midstates) + " is no power of two"};
      }
    }
  }
  if (!texts.seconds.empty()) {
    constexpr double kHour = 3600;
    options.duration = bench::Seconds(
        value_or_usage_error("--seconds", parse_number<double>(texts.seconds, 1e-3, kHour)));
  }
  if (!texts.repeats.empty()) {
    options.repeats =
        value_or_usage_error("--repeats", parse_number<unsigned>(texts.repeats, 1, kMaxRepeats));
  }
  return options;
}

CommandFlags hash_flags(CLI::App& bench) {
  const auto texts = std::make_shared<HashTexts>();
  CLI::App* hash = bench.add_subcommand("hash", "Measure the hashing kernels");
  hash->add_option("--devices", texts->devices, "auto, or any of cpu,cuda,cuda:N (default: cpu)");
  hash->add_flag("--retune", texts->retune, "Measure anew how CUDA cards scan fastest");
  hash->add_option("--backend", texts->backend, "Only this kernel");
  hash->add_option("-t,--threads", texts->threads, "Threads at once: 1,2,all (default: 1)");
  hash->add_option("--midstates", texts->midstates,
                   "Midstates that share a schedule: 1,8,32 (default: 1,32)");
  hash->add_option("--seconds", texts->seconds, "Length of each repeat (default: 0.3)");
  hash->add_option("--repeats", texts->repeats, "How many of them (default: 7)");
  hash->add_option("--plot", texts->plot, "Draw the result into this SVG file");
  hash->add_flag("--json", texts->json, "Print JSON");
  return {hash, [texts] { return read_bench_hash(*texts); }};
}

struct ThrottleTexts {
  std::string devices, backend, trials, window, caps, plot, source, config, trigger, patience;
  ThreadTexts threads;
  bool json = false;
};

/// "1%,5%,0.25": between nothing and full work, both left out.
tl::expected<std::vector<double>, std::string> parse_fractions(std::string_view text) {
  constexpr std::size_t kMost = 100;
  std::vector<double> fractions;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    const auto duty = throttle::parse_duty(rest.substr(0, comma));
    if (!duty) return tl::unexpected(duty.error());
    if (duty->fraction <= 0 || duty->fraction >= 1) {
      return tl::unexpected(quote(rest.substr(0, comma)) + " is not between 0% and 100%");
    }
    fractions.push_back(duty->fraction);
    if (comma == std::string_view::npos) return fractions;
    if (fractions.size() == kMost) return tl::unexpected<std::string>("are more than 100");
    rest.remove_prefix(comma + 1);
  }
}

/// Of a source's steps; caps in between are nothing that it is asked for.
void read_source(const ThrottleTexts& texts, bench::ThrottleBenchOptions& options) {
  options.source = texts.source;
  options.config = texts.config;
  options.trigger = texts.trigger;
  if (options.source.empty() != options.config.empty() ||
      options.source.empty() != options.trigger.empty()) {
    throw UsageError{"--source: --source, --config and --trigger go together"};
  }
  if (!texts.patience.empty()) {
    options.gives_up = value_or_usage_error("--patience", parse_duration(texts.patience));
  }
  if (options.source.empty()) return;
  if (!texts.caps.empty()) throw UsageError{"--caps: a source is measured by its steps alone"};
  options.caps.clear();
}

bench::ThrottleBenchOptions read_bench_throttle(const ThrottleTexts& texts) {
  constexpr unsigned kMaxTrials = 100'000;
  constexpr std::chrono::seconds kMaxWindow{3600};
  bench::ThrottleBenchOptions options;
  if (!texts.devices.empty()) options.devices = read_devices(texts.devices);
  options.backend = read_backend(texts.backend);
  read_threads(texts.threads, options.threads);
  if (!texts.trials.empty()) {
    options.trials =
        value_or_usage_error("--trials", parse_number<unsigned>(texts.trials, 1, kMaxTrials));
  }
  if (!texts.window.empty()) {
    options.window = value_or_usage_error("--window", parse_wait_seconds(texts.window));
    if (options.window.count() < 1 || options.window > kMaxWindow) {
      throw UsageError{"--window: " + quote(texts.window) + " is not from 1s to 1h"};
    }
  }
  if (!texts.caps.empty()) {
    options.caps = value_or_usage_error("--caps", parse_fractions(texts.caps));
  }
  read_source(texts, options);
  options.json = texts.json;
  options.plot = texts.plot;
  return options;
}

CommandFlags throttle_flags(CLI::App& bench) {
  const auto texts = std::make_shared<ThrottleTexts>();
  CLI::App* throttle =
      bench.add_subcommand("throttle", "Measure how soon and how exactly a cap is obeyed");
  throttle->add_option("--devices", texts->devices, "auto, or any of cpu,cuda,cuda:N");
  throttle->add_option("--backend", texts->backend, "Force a CPU kernel: " + backend_names());
  add_thread_flags(*throttle, texts->threads);
  throttle->add_option("--trials", texts->trials, "Steps to zero and back (default: 200)");
  throttle->add_option("--caps", texts->caps, "Caps to hold (default: 1%,5%,10%,25%,50%,75%,95%)");
  throttle->add_option("--window", texts->window, "Time to measure each over (default: 10s)");
  throttle->add_option("--source", texts->source,
                       "Let this [[source]] rule, and measure from the trigger");
  throttle->add_option("--config", texts->config, "Configuration file with the source");
  throttle->add_option("--trigger", texts->trigger,
                       "Command that makes the source say EBB_CAP (0% or 100%)");
  throttle->add_option("--patience", texts->patience,
                       "Give a step up after this time (default: 2s)");
  throttle->add_option("--plot", texts->plot, "Draw the result into this SVG file");
  throttle->add_flag("--json", texts->json, "Print JSON");
  return {throttle, [texts] { return read_bench_throttle(*texts); }};
}

}  // namespace

std::vector<CommandFlags> bench_flags(CLI::App& bench) {
  return {hash_flags(bench), throttle_flags(bench)};
}

}  // namespace ebb::miner
