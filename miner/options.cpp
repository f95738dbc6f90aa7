#include "miner/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <bit>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <set>

#include "core/backend.h"
#include "miner/wanted.h"

namespace ebb::miner {
namespace {

using std::chrono::milliseconds;

constexpr unsigned kMaxThreads = 1024;
constexpr unsigned kMaxCpu = 65535;
constexpr unsigned kMinCelsius = 40, kMaxCelsius = 110;
constexpr unsigned kMaxWatts = 10'000, kMaxMegahertz = 10'000;
constexpr std::size_t kMaxCredentialLength = 1024;
constexpr std::size_t kMaxScriptBytes = 10'000;  // Bitcoin's MAX_SCRIPT_SIZE

/// Thrown inside this file only, to leave the reading of a command line at its first mistake.
struct UsageError {
  std::string text;
};

/// The value, or a UsageError that names the flag.
template <class T>
T value_or_usage_error(const char* flag, tl::expected<T, std::string> value) {
  if (!value) throw UsageError{std::string(flag) + ": " + value.error()};
  return std::move(*value);
}

std::string quote(std::string_view text) {
  return "'" + std::string(text.substr(0, 100)) + "'";
}

template <class T>
tl::expected<T, std::string> parse_number(std::string_view text, T least, T most) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  // The comparison is also false for NaN.
  if (!whole || !(number >= least && number <= most)) {
    std::string bounds;
    if constexpr (std::is_integral_v<T>) {
      bounds = " from " + std::to_string(least) + " to " + std::to_string(most);
    } else {
      bounds = " above zero";
    }
    return tl::unexpected(quote(text) + " is not a number" + bounds);
  }
  return number;
}

/// A whole number with or without its unit.
tl::expected<unsigned, std::string> parse_quantity(std::string_view text, std::string_view unit,
                                                   unsigned least, unsigned most) {
  std::string_view digits = text;
  if (digits.ends_with(unit)) digits.remove_suffix(unit.size());
  const auto number = parse_number<unsigned>(digits, least, most);
  if (number) return *number;
  const auto with_unit = [&](unsigned value) { return std::to_string(value) + std::string(unit); };
  return tl::unexpected(quote(text) + " is not from " + with_unit(least) + " to " +
                        with_unit(most));
}

tl::expected<double, std::string> parse_difficulty(std::string_view text) {
  return parse_number<double>(text, 1e-12, 1e18);
}

/// User names and passwords travel inside JSON lines and appear in logs.
tl::expected<std::string, std::string> check_credential(const std::string& text) {
  if (text.size() > kMaxCredentialLength) return tl::unexpected<std::string>("is too long");
  const bool has_control =
      std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (has_control) return tl::unexpected<std::string>("has a control character");
  boost::json::error_code not_utf8;
  boost::json::parse(boost::json::serialize(boost::json::value(text)), not_utf8);
  if (not_utf8) return tl::unexpected<std::string>("is not valid UTF-8");
  return text;
}

/// The strings as CLI11 collects them; every check is ours, so that each mistake reads alike.
struct Texts {
  std::string url, user, password, threads, devices, backend, affinity,
      pin = "auto", max_duty, max_hashrate, max_temperature, card_power_limit, card_clock, suggest,
      run_for, summary, listen = "127.0.0.1:3333", difficulty, node, payout = "51", midstates,
      seconds, repeats, plot;
  bool demo = false, json = false, retune = false;
};

throttle::Cap read_cap(const Texts& texts) {
  if (!texts.max_duty.empty() && !texts.max_hashrate.empty()) {
    throw UsageError{"--max-duty and --max-hashrate: give one cap, not both"};
  }
  if (!texts.max_hashrate.empty()) {
    return value_or_usage_error("--max-hashrate", throttle::parse_hashrate(texts.max_hashrate));
  }
  if (!texts.max_duty.empty()) {
    return value_or_usage_error("--max-duty", throttle::parse_duty(texts.max_duty));
  }
  return throttle::DutyCap{1};
}

CardOptions read_card_options(const Texts& texts) {
  CardOptions options;
  if (texts.max_temperature == "off") {
    options.max_celsius.reset();
  } else if (!texts.max_temperature.empty()) {
    options.max_celsius = value_or_usage_error(
        "--max-temperature", parse_quantity(texts.max_temperature, "C", kMinCelsius, kMaxCelsius));
  }
  if (!texts.card_power_limit.empty()) {
    options.limits.power_w = value_or_usage_error(
        "--card-power-limit", parse_quantity(texts.card_power_limit, "W", 1, kMaxWatts));
  }
  if (!texts.card_clock.empty()) {
    options.limits.clock_mhz = value_or_usage_error(
        "--card-clock", parse_quantity(texts.card_clock, "MHz", 1, kMaxMegahertz));
  }
  return options;
}

std::string backend_names() {
  std::string names;
  for (const core::HashBackend& backend : core::compiled_backends())
    names += std::string(names.empty() ? "" : ", ") + backend.name;
  return names;
}

std::string read_backend(const std::string& name) {
  for (const core::HashBackend& backend : core::compiled_backends()) {
    if (name.empty() || name == backend.name) return name;
  }
  throw UsageError{"--backend: " + quote(name) + " is none of " + backend_names()};
}

std::string read_devices(const std::string& list) {
  std::string_view rest = list;
  while (true) {
    const std::size_t comma = rest.find(',');
    const std::string_view name = rest.substr(0, comma);
    const bool is_card =
        name.starts_with("cuda:") && parse_number<unsigned>(name.substr(5), 0, 255).has_value();
    if (name != "auto" && name != "cpu" && name != "cuda" && !is_card) {
      throw UsageError{"--devices: " + quote(name) + " is none of auto, cpu, cuda, cuda:N"};
    }
    if (comma == std::string_view::npos) return list;
    rest.remove_prefix(comma + 1);
  }
}

core::Pinning read_pinning(const std::string& word) {
  if (word == "auto") return core::Pinning::automatic;
  if (word == "on") return core::Pinning::on;
  if (word == "off") return core::Pinning::off;
  throw UsageError{"--pin: " + quote(word) + " is none of auto, on, off"};
}

core::ThreadRequest read_threads(const Texts& texts) {
  core::ThreadRequest request;
  request.pinning = read_pinning(texts.pin);
  if (!texts.affinity.empty()) {
    if (request.pinning == core::Pinning::off) {
      throw UsageError{"--cpu-affinity: pins the threads; leave out --pin off"};
    }
    request.cpus = value_or_usage_error("--cpu-affinity", parse_cpu_list(texts.affinity));
  }
  if (!texts.threads.empty()) {
    request.threads =
        value_or_usage_error("--threads", parse_number<unsigned>(texts.threads, 1, kMaxThreads));
  }
  return request;
}

MineOptions read_mine(const Texts& texts, bool user_given) {
  MineOptions options;
  if (texts.demo) {
    if (!texts.url.empty() || user_given) {
      throw UsageError{"--demo: brings its own pool and user; leave out --url and --user"};
    }
    options.user = "demo";
  } else {
    if (texts.url.empty()) throw UsageError{"--url: name a pool, or give --demo for a trial run"};
    options.pool = value_or_usage_error("--url", stratum::parse_pool_url(texts.url));
    if (texts.user.empty()) throw UsageError{"--user: the pool needs a user name"};
    options.user = value_or_usage_error("--user", check_credential(texts.user));
  }
  options.password = value_or_usage_error("--pass", check_credential(texts.password));
  if (!texts.devices.empty()) options.devices = read_devices(texts.devices);
  options.retune = texts.retune;
  options.backend = read_backend(texts.backend);
  options.cap = read_cap(texts);
  options.cards = read_card_options(texts);
  options.threads = read_threads(texts);
  if (!texts.suggest.empty()) {
    options.suggest_difficulty =
        value_or_usage_error("--suggest-difficulty", parse_difficulty(texts.suggest));
  }
  return options;
}

PoolOptions read_pool(const Texts& texts) {
  PoolOptions options;
  options.listen = value_or_usage_error("--listen", stratum::parse_host_port(texts.listen));
  if (!texts.difficulty.empty()) {
    options.difficulty = value_or_usage_error("--difficulty", parse_difficulty(texts.difficulty));
  }
  if (!texts.node.empty() && !texts.node.starts_with("http://") &&
      !texts.node.starts_with("https://")) {
    throw UsageError{"--node: the address must begin with http:// or https://"};
  }
  options.node = texts.node;
  const auto script = core::from_hex(texts.payout);
  if (!script || script->empty() || script->size() > kMaxScriptBytes) {
    throw UsageError{"--payout-script: " + quote(texts.payout) + " is not a script in hexadecimal"};
  }
  options.payout_script = *script;
  return options;
}

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

void refuse_cpu_flags_without_cpu(const std::string& devices, const Texts& texts) {
  if (read_wanted(devices).cpu) return;
  const std::pair<const char*, const std::string&> flags[] = {
      {"--backend", texts.backend}, {"--threads", texts.threads}, {"--plot", texts.plot}};
  for (const auto& [flag, value] : flags) {
    if (!value.empty()) throw UsageError{std::string(flag) + ": --devices names no cpu"};
  }
}

bench::HashBenchOptions read_bench_hash(const Texts& texts) {
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

/// A value that is there and empty is a mistake (often a shell variable that was not set).
void refuse_empty_values(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    const bool may_be_empty = option->check_lname("pass");
    if (option->count() > 0 && option->results().front().empty() && !may_be_empty) {
      throw UsageError{option->get_name() + ": the value is empty"};
    }
  }
}

/// CLI11 would only say that a command is missing, not that this word is none.
void refuse_unknown_command(const CLI::App& app, int argc, const char* const* argv, int at) {
  if (argc <= at) return;
  const std::string word = argv[at];
  if (word == "-h" || word == "--help" || (at == 1 && word == "--version")) return;
  std::string known;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (word == command->get_name()) return;
    known += (known.empty() ? "" : ", ") + command->get_name();
  }
  throw UsageError{quote(word) + " is none of the commands " + known};
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

}  // namespace

tl::expected<milliseconds, std::string> parse_duration(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit =
      error == std::errc() ? text.substr(static_cast<std::size_t>(end - text.data())) : "";
  const double ms_per_unit = unit == "ms"  ? 1
                             : unit == "s" ? 1e3
                             : unit == "m" ? 60e3
                             : unit == "h" ? 3600e3
                                           : 0;
  const double total = number * ms_per_unit;
  constexpr double kYear = 366.0 * 24 * 3600e3;
  if (!(total >= 1 && total < kYear)) {
    return tl::unexpected(quote(text) + " is not a duration such as 500ms, 20s, 5m or 1h");
  }
  return milliseconds(std::llround(total));
}

tl::expected<std::vector<unsigned>, std::string> parse_cpu_list(std::string_view text) {
  std::set<unsigned> allowed;
  for (const core::CpuCore& core : core::read_cpu_topology().cores) {
    allowed.insert(core.cpus.begin(), core.cpus.end());
  }
  std::vector<unsigned> cpus;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    const std::size_t dash = item.find('-');
    const auto first = parse_number<unsigned>(item.substr(0, dash), 0, kMaxCpu);
    const auto last = dash == std::string_view::npos
                          ? first
                          : parse_number<unsigned>(item.substr(dash + 1), 0, kMaxCpu);
    if (!first || !last || *first > *last) {
      return tl::unexpected(quote(text) + " is not a list of CPUs such as 0,2-3");
    }
    for (unsigned cpu = *first; cpu <= *last; ++cpu) {
      if (!allowed.contains(cpu)) {
        return tl::unexpected("CPU " + std::to_string(cpu) + " is not one this process may use");
      }
      cpus.push_back(cpu);
    }
    if (comma == std::string_view::npos) return cpus;
    rest.remove_prefix(comma + 1);
  }
}

tl::expected<Command, EarlyExit> parse_command_line(int argc, const char* const* argv) {
  CLI::App app{"ebb: a Bitcoin mining engine whose hashrate ebbs", "ebb"};
  app.set_version_flag("--version", "ebb " EBB_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  Texts texts;

  CLI::App* mine = app.add_subcommand("mine", "Mine for a pool");
  mine->add_option("-o,--url", texts.url, "Pool: stratum+tcp://host:port");
  CLI::Option* user = mine->add_option("-u,--user", texts.user, "User name at the pool");
  mine->add_option("-p,--pass", texts.password, "Password at the pool");
  mine->add_flag("--demo", texts.demo, "Mine for an embedded pool on the loopback interface");
  mine->add_option("--devices", texts.devices, "auto, or any of cpu,cuda,cuda:N");
  mine->add_flag("--retune", texts.retune, "Measure anew how CUDA cards scan fastest");
  mine->add_option("-t,--threads", texts.threads,
                   "CPU threads (default: one a CPU, within the quota)");
  mine->add_option("--cpu-affinity", texts.affinity, "Pin CPU threads to these CPUs: 0,2-3");
  mine->add_option("--pin", texts.pin, "Pin CPU threads: on, off, auto (if every CPU has one)");
  mine->add_option("--backend", texts.backend, "Force a CPU kernel: " + backend_names());
  mine->add_option("--max-hashrate", texts.max_hashrate, "Cap in hashes per second: 20M; 0 parks");
  mine->add_option("--max-duty", texts.max_duty, "Cap in percent of full power: 40%; 0 parks");
  mine->add_option("--max-temperature", texts.max_temperature,
                   "Rest a GPU at this many °C until it is 10 °C cooler: 85C, off (default: 90C)");
  mine->add_option(
      "--card-power-limit", texts.card_power_limit,
      "Set the driver's limit of every GPU in use: 250W; needs root, put back at exit");
  mine->add_option("--card-clock", texts.card_clock,
                   "Lock the clock of every GPU in use: 1200MHz; needs root, set free at exit");
  mine->add_option("--suggest-difficulty", texts.suggest, "Ask the pool for this difficulty");
  mine->add_option("--for", texts.run_for, "Stop after this long: 500ms, 20s, 5m, 1h");
  mine->add_option("--summary", texts.summary, "Write one JSON object at exit; - for stdout");

  CLI::App* pool = app.add_subcommand("pool", "Run the small pool server alone");
  pool->add_option("--listen", texts.listen, "Address to listen on")->capture_default_str();
  pool->add_option("--difficulty", texts.difficulty, "Fixed share difficulty (default: adjusted)");
  pool->add_option("--node", texts.node,
                   "Full node to take templates from: http://user:pass@host:port");
  pool->add_option("--payout-script", texts.payout, "Output script of the coinbase, in hexadecimal")
      ->capture_default_str();
  pool->add_option("--for", texts.run_for, "Stop after this long");
  pool->add_option("--summary", texts.summary, "Write one JSON object at exit; - for stdout");

  CLI::App* devices = app.add_subcommand("devices", "List what can hash on this machine");
  devices->add_flag("--json", texts.json, "Print JSON");
  devices->add_flag("--retune", texts.retune, "Measure anew how CUDA cards scan fastest");

  CLI::App* bench = app.add_subcommand("bench", "Measure");
  bench->require_subcommand(1);
  CLI::App* bench_hash = bench->add_subcommand("hash", "Measure the hashing kernels");
  bench_hash->add_option("--devices", texts.devices,
                         "auto, or any of cpu,cuda,cuda:N (default: cpu)");
  bench_hash->add_flag("--retune", texts.retune, "Measure anew how CUDA cards scan fastest");
  bench_hash->add_option("--backend", texts.backend, "Only this kernel");
  bench_hash->add_option("-t,--threads", texts.threads, "Threads at once: 1,2,all (default: 1)");
  bench_hash->add_option("--midstates", texts.midstates,
                         "Midstates that share a schedule: 1,8,32 (default: 1,32)");
  bench_hash->add_option("--seconds", texts.seconds, "Length of each repeat (default: 0.3)");
  bench_hash->add_option("--repeats", texts.repeats, "How many of them (default: 7)");
  bench_hash->add_option("--plot", texts.plot, "Draw the result into this SVG file");
  bench_hash->add_flag("--json", texts.json, "Print JSON");

  try {
    refuse_unknown_command(app, argc, argv, 1);
    if (argc > 1 && argv[1] == bench->get_name()) refuse_unknown_command(*bench, argc, argv, 2);
    app.parse(argc, argv);
    for (const CLI::App* command : {mine, pool, devices, bench_hash})
      refuse_empty_values(*command);
    std::optional<milliseconds> run_for;
    if (!texts.run_for.empty()) {
      run_for = value_or_usage_error("--for", parse_duration(texts.run_for));
    }
    if (mine->parsed()) {
      MineOptions options = read_mine(texts, user->count() > 0);
      options.run_for = run_for;
      options.summary = texts.summary;
      return options;
    }
    if (pool->parsed()) {
      PoolOptions options = read_pool(texts);
      options.run_for = run_for;
      options.summary = texts.summary;
      return options;
    }
    if (devices->parsed()) return DevicesOptions{texts.json, texts.retune};
    return read_bench_hash(texts);
  } catch (const CLI::CallForHelp&) {
    return tl::unexpected(EarlyExit{0, app.help()});
  } catch (const CLI::CallForVersion& version) {
    return tl::unexpected(EarlyExit{0, std::string(version.what()) + "\n"});
  } catch (const CLI::ParseError& error) {
    return tl::unexpected(EarlyExit{2, one_line(error.what())});
  } catch (const UsageError& error) {
    return tl::unexpected(EarlyExit{2, one_line(error.text)});
  }
}

}  // namespace ebb::miner
