#include "miner/config_file.h"

#include <toml++/toml.h>
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "miner/option_values.h"
#include "miner/pool_config.h"
#include "miner/text_file.h"
#include "throttle/schedule/table_reader.h"
#include "throttle/schedule/window_toml.h"

namespace ebb::miner {
namespace {

using throttle::TableReader;

constexpr std::size_t kMaxConfig = 1 << 20;  // bytes
constexpr std::size_t kMaxHook = 4096, kMaxName = 100;
constexpr double kMaxWatts = 1e9;

/// Thrown inside this file only, to leave the reading of a text at its first fault.
struct Fault {
  std::string text;
};

/// "line 12:5: cap: ..." as "ebb.toml:12:5: where: cap: ...".
std::string placed(const std::filesystem::path& file, std::string_view where,
                   std::string_view fault) {
  constexpr std::string_view kLine = "line ";
  std::string text = file.string();
  if (fault.starts_with(kLine)) {
    const std::size_t end = std::min(fault.find(": "), fault.size());
    text += ":" + std::string(fault.substr(kLine.size(), end - kLine.size()));
    fault.remove_prefix(std::min(fault.size(), end + 2));
  }
  text += ": ";
  if (!where.empty()) text += std::string(where) + ": ";
  return text + std::string(fault);
}

/// What is wrong with the text; not in the words of a line that may hold a password.
std::string syntax_fault(std::string_view text, const toml::parse_error& error) {
  const toml::source_region& where = error.source();
  for (auto line = where.begin.line; line > 1 && !text.empty(); --line)
    text.remove_prefix(std::min(text.size(), text.find('\n') + 1));
  const std::string_view line = text.substr(0, text.find('\n'));
  // A node's url may hold one, and a proxy's.
  const bool is_secret = line.find("pass") != std::string_view::npos ||
                         line.find("proxy") != std::string_view::npos ||
                         line.find("url") != std::string_view::npos;
  return throttle::fault_at(where, "", is_secret ? "is not TOML" : error.description());
}

class ConfigReader {
 public:
  ConfigReader(const toml::table& root, const std::filesystem::path& file, ConfigUse use)
      : root_(root), file_(file), use_(use) {}

  MineOptions read();

 private:
  void read_strategy(TableReader& table);
  void read_pool(TableReader& table);
  void read_devices(TableReader& table);
  void read_limits(TableReader& table);
  void read_cards(TableReader& table);
  void read_throttle(TableReader& table);
  void read_power(TableReader& table);
  void read_api(TableReader& table);
  void read_log(TableReader& table);
  void read_calendar(TableReader& table);
  void read_meter(TableReader& table);
  void read_source(TableReader& table);

  void section(std::string_view name, void (ConfigReader::*read_it)(TableReader&));
  /// Calls `read_it` with each table of an array and with what to call it: "schedule 'night'".
  template <class Read>
  void each(std::string_view name, Read read_it);
  void finish(TableReader& table, std::string_view where);
  [[noreturn]] void fail(std::string_view where, std::string_view fault) const {
    throw Fault{placed(file_, where, fault)};
  }

  /// A file's name; nothing and a fault when it is empty.
  /// One name for a window or a calendar alone.
  std::string name(TableReader& table);
  static std::optional<double> watts(TableReader& table, std::string_view key);

  TableReader root_;
  const std::filesystem::path& file_;
  ConfigUse use_;
  MineOptions options_;
  std::set<std::string> names_;  ///< of windows and calendars
  std::set<std::string> meters_;
  std::set<std::string> sources_;  ///< names
};

template <class T, class Value>
void set(T& setting, std::optional<Value> value) {
  if (value) setting = *std::move(value);
}

MineOptions ConfigReader::read() {
  section("pools", &ConfigReader::read_strategy);
  section("devices", &ConfigReader::read_devices);
  section("limits", &ConfigReader::read_limits);
  section("cards", &ConfigReader::read_cards);
  section("throttle", &ConfigReader::read_throttle);
  section("power", &ConfigReader::read_power);
  section("api", &ConfigReader::read_api);
  section("log", &ConfigReader::read_log);
  each("pool", [&](const toml::table& table, const std::string& where) {
    TableReader reader(table);
    read_pool(reader);
    finish(reader, where);
  });
  each("schedule", [&](const toml::table& table, const std::string& where) {
    auto window = throttle::read_window(table);
    if (!window) fail(where, window.error());
    if (!names_.insert(window->name).second) {
      fail(where, throttle::fault_at(table, "name", "is there twice"));
    }
    options_.throttle.windows.push_back(*std::move(window));
  });
  each("calendar", [&](const toml::table& table, const std::string& where) {
    TableReader reader(table);
    read_calendar(reader);
    finish(reader, where);
  });
  each("meter", [&](const toml::table& table, const std::string& where) {
    TableReader reader(table);
    read_meter(reader);
    finish(reader, where);
  });
  if (const std::string& meter = options_.throttle.power.meter;
      !meter.empty() && !meters_.contains(meter)) {
    fail("power", "meter: there is no [[meter]] " + quote(meter));
  }
  each("source", [&](const toml::table& table, const std::string& where) {
    TableReader reader(table);
    read_source(reader);
    finish(reader, where);
  });
  finish(root_, "");
  options_.throttle.config_file = file_;
  return std::move(options_);
}

void ConfigReader::section(std::string_view name, void (ConfigReader::*read_it)(TableReader&)) {
  const toml::node* node = root_.node(name);
  if (node == nullptr) return;
  const toml::table* table = node->as_table();
  if (table == nullptr) fail("", throttle::fault_at(*node, name, "must be a table"));
  TableReader reader(*table);
  (this->*read_it)(reader);
  finish(reader, name);
}

template <class Read>
void ConfigReader::each(std::string_view name, Read read_it) {
  const toml::node* node = root_.node(name);
  if (node == nullptr) return;
  const toml::array* tables = node->as_array();
  const auto wrong = [&] {
    return throttle::fault_at(*node, name, "must be tables: [[" + std::string(name) + "]]");
  };
  if (tables == nullptr) fail("", wrong());
  for (const toml::node& element : *tables) {
    const toml::table* table = element.as_table();
    if (table == nullptr) fail("", wrong());
    const auto* given = table->get_as<std::string>("name");
    read_it(*table, std::string(name) + (given != nullptr ? " " + quote(given->get()) : ""));
  }
}

void ConfigReader::finish(TableReader& table, std::string_view where) {
  if (const auto done = table.finish(); !done) fail(where, done.error());
}

std::string ConfigReader::name(TableReader& table) {
  auto name = table.string("name").value_or("");
  if (name.empty()) table.fail("name", "is missing");
  if (name.size() > kMaxName) table.fail("name", "is longer than 100 bytes");
  if (!names_.insert(name).second) table.fail("name", "is there twice");
  return name;
}

std::optional<double> ConfigReader::watts(TableReader& table, std::string_view key) {
  const auto power = table.parsed(key, throttle::parse_power);
  if (power && power->watts > kMaxWatts) table.fail(key, "is more than any miner draws");
  return power ? std::optional(power->watts) : std::nullopt;
}

void ConfigReader::read_strategy(TableReader& table) {
  options_.strategy = miner::read_strategy(table);
}

void ConfigReader::read_pool(TableReader& table) {
  options_.pools.push_back(miner::read_pool(table, file_, options_.strategy.kind));
  if (options_.pools.size() > kMaxPools) {
    table.fail("", "there are more than " + std::to_string(kMaxPools));
  }
}

void ConfigReader::read_devices(TableReader& table) {
  set(options_.devices, table.parsed("use", check_devices));
  set(options_.backend, table.parsed("backend", check_backend));
  if (const auto threads = table.integer("threads")) {
    if (*threads < 1 || *threads > kMaxThreads) {
      table.fail("threads", "must be from 1 to " + std::to_string(kMaxThreads));
    }
    options_.threads.threads = static_cast<unsigned>(*threads);
  }
  set(options_.threads.cpus, table.parsed("cpu_affinity", parse_cpu_list));
  set(options_.threads.pinning, table.parsed("pin", parse_pinning));
  if (options_.threads.pinning == core::Pinning::off && !options_.threads.cpus.empty()) {
    table.fail("pin", "cpu_affinity pins the threads; leave out \"off\"");
  }
}

void ConfigReader::read_limits(TableReader& table) {
  if (const auto duty = table.parsed("max_duty", throttle::parse_duty)) {
    options_.limit.lower_to(throttle::Cap(*duty));
  }
  if (const auto hashrate = table.parsed("max_hashrate", throttle::parse_hashrate)) {
    options_.limit.lower_to(throttle::Cap(*hashrate));
  }
  if (const auto power = table.parsed("max_power", throttle::parse_power)) {
    options_.limit.lower_to(throttle::Cap(*power));
  }
}

void ConfigReader::read_cards(TableReader& table) {
  CardOptions& cards = options_.cards;
  if (table.node("max_temperature") != nullptr) {
    if (table.string("max_temperature") == "off") {
      cards.max_celsius.reset();
    } else {
      set(cards.max_celsius, table.parsed("max_temperature", parse_celsius));
    }
  }
  set(cards.limits.power_w, table.parsed("power_limit", parse_card_watts));
  set(cards.limits.clock_mhz, table.parsed("clock", parse_megahertz));
}

void ConfigReader::read_throttle(TableReader& table) {
  throttle::PolicySettings& policy = options_.throttle.policy;
  set(policy.trust_clock, table.boolean("trust_clock"));
  set(policy.ramp_up, table.parsed("ramp_up", parse_wait_seconds));
  set(policy.ramp_watts_per_minute, table.number("ramp_watts_per_minute", 1e-3, kMaxWatts));
  set(policy.economic_ramp_down, table.parsed("economic_ramp_down", parse_wait_seconds));
  set(policy.random_return, table.parsed("random_return", parse_wait_seconds));
  set(policy.debounce, table.parsed("debounce", parse_wait_seconds));
  set(policy.mains_good, table.parsed("mains_good", parse_wait_seconds));
  set(policy.ride_through, table.parsed("ride_through", parse_wait));
  set(policy.economic_dwell_off, table.parsed("dwell_off", parse_wait_seconds));
  set(policy.economic_dwell_on, table.parsed("dwell_on", parse_wait_seconds));
  set(policy.clock_settle, table.parsed("clock_settle", parse_wait_seconds));
  set(policy.recover_from_outages, table.boolean("recover_from_outages"));
  set(options_.throttle.zero.engine, table.parsed("zero_engine", parse_duration));
  set(options_.throttle.zero.meter, table.parsed("zero_meter", parse_duration));
  set(options_.throttle.hook, table.string("hook"));
  const std::string& hook = options_.throttle.hook;
  if (hook.size() > kMaxHook || hook.find('\0') != std::string::npos) {
    table.fail("hook", "must be a command of at most 4096 bytes");
  }
}

void ConfigReader::read_power(TableReader& table) {
  PowerOptions& power = options_.throttle.power;
  if (const auto file = table.file("meter_file", file_.parent_path()))
    power.meter_file = file->string();
  power.meter = table.string("meter").value_or("");
  if (!power.meter.empty() && !power.meter_file.empty()) {
    table.fail("meter", "there is a meter_file already");
  }
  set(power.nameplate_watts, watts(table, "nameplate"));
  set(power.nameplate_idle_watts, watts(table, "nameplate_idle"));
  if (power.nameplate_idle_watts &&
      !(power.nameplate_watts && *power.nameplate_watts > *power.nameplate_idle_watts)) {
    table.fail("nameplate_idle", "must be below nameplate");
  }
}

void ConfigReader::read_api(TableReader& table) {
  if (table.node("listen") == nullptr) table.fail("listen", "listen is missing: 127.0.0.1:4033");
  if (const auto address = table.parsed("listen", parse_api_address)) {
    options_.throttle.api = *address;
  }
}

void ConfigReader::read_log(TableReader& table) {
  if (const auto file = table.file("shares", file_.parent_path()))
    options_.share_log = file->string();
}

void ConfigReader::read_calendar(TableReader& table) {
  throttle::CalendarFile calendar;
  calendar.name = name(table);
  const auto file = table.file("file", file_.parent_path());
  if (!file) table.fail("file", "is missing: an iCalendar file (.ics)");
  calendar.path = file.value_or("").string();
  set(calendar.cap, table.cap("cap"));
  set(calendar.signal_class, table.signal_class("class"));
  calendar.zone = table.string("zone").value_or("");
  if (calendar.zone.empty()) table.fail("zone", "is missing, such as \"Asia/Almaty\"");
  options_.throttle.calendars.push_back(std::move(calendar));
}

void ConfigReader::read_meter(TableReader& table) {
  sources::MeterOptions meter = sources::read_meter(table, file_.parent_path());
  if (!meters_.insert(meter.name).second) table.fail("name", "is there twice");
  options_.throttle.power.meters.push_back(std::move(meter));
}

void ConfigReader::read_source(TableReader& table) {
  sources::SourceOptions source = sources::read_source(table, file_.parent_path());
  if (!sources_.insert(source.rule.name).second) table.fail("name", "is there twice");
  if (use_ == ConfigUse::mine && source.type.empty()) {
    table.fail("", "type is missing: only for `ebb simulate` may a timeline speak for a source");
  }
  options_.throttle.policy.sources.push_back(source.rule);
  options_.throttle.sources.push_back(std::move(source));
}

}  // namespace

tl::expected<MineOptions, std::string> parse_config(std::string_view text,
                                                    const std::filesystem::path& file,
                                                    ConfigUse use) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return tl::unexpected(placed(file, "", syntax_fault(text, parsed.error())));
  }
  try {
    return ConfigReader(parsed.table(), file, use).read();
  } catch (const Fault& fault) {
    return tl::unexpected(fault.text);
  }
}

tl::expected<MineOptions, std::string> read_config_file(const std::filesystem::path& file,
                                                        ConfigUse use) {
  const auto text = read_file(file, kMaxConfig);
  if (!text) return tl::unexpected(text.error());
  return parse_config(*text, file, use);
}

}  // namespace ebb::miner
