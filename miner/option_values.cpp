#include "miner/option_values.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <set>

#include "core/backend.h"

namespace ebb::miner {
namespace {

constexpr unsigned kMaxCpu = 65535;
constexpr unsigned kMinCelsius = 40, kMaxCelsius = 110;
constexpr unsigned kMaxWatts = 10'000, kMaxMegahertz = 10'000;
constexpr std::size_t kMaxCredentialLength = 1024;

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

}  // namespace

std::string quote(std::string_view text) {
  return "'" + std::string(text.substr(0, 100)) + "'";
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

tl::expected<std::string, std::string> check_devices(std::string_view list) {
  std::string_view rest = list;
  while (true) {
    const std::size_t comma = rest.find(',');
    const std::string_view name = rest.substr(0, comma);
    const bool is_card =
        name.starts_with("cuda:") && parse_number<unsigned>(name.substr(5), 0, 255).has_value();
    if (name != "auto" && name != "cpu" && name != "cuda" && !is_card) {
      return tl::unexpected(quote(name) + " is none of auto, cpu, cuda, cuda:N");
    }
    if (comma == std::string_view::npos) return std::string(list);
    rest.remove_prefix(comma + 1);
  }
}

std::string backend_names() {
  std::string names;
  for (const core::HashBackend& backend : core::compiled_backends())
    names += std::string(names.empty() ? "" : ", ") + backend.name;
  return names;
}

tl::expected<std::string, std::string> check_backend(std::string_view name) {
  for (const core::HashBackend& backend : core::compiled_backends()) {
    if (name == backend.name) return std::string(name);
  }
  return tl::unexpected(quote(name) + " is none of " + backend_names());
}

tl::expected<core::Pinning, std::string> parse_pinning(std::string_view word) {
  if (word == "auto") return core::Pinning::automatic;
  if (word == "on") return core::Pinning::on;
  if (word == "off") return core::Pinning::off;
  return tl::unexpected(quote(word) + " is none of auto, on, off");
}

tl::expected<unsigned, std::string> parse_celsius(std::string_view text) {
  return parse_quantity(text, "C", kMinCelsius, kMaxCelsius);
}

tl::expected<unsigned, std::string> parse_card_watts(std::string_view text) {
  return parse_quantity(text, "W", 1, kMaxWatts);
}

tl::expected<unsigned, std::string> parse_megahertz(std::string_view text) {
  return parse_quantity(text, "MHz", 1, kMaxMegahertz);
}

tl::expected<double, std::string> parse_difficulty(std::string_view text) {
  return parse_number<double>(text, 1e-12, 1e18);
}

tl::expected<std::string, std::string> check_credential(std::string_view text) {
  if (text.size() > kMaxCredentialLength) return tl::unexpected<std::string>("is too long");
  const bool has_control =
      std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (has_control) return tl::unexpected<std::string>("has a control character");
  boost::json::error_code not_utf8;
  boost::json::parse(boost::json::serialize(boost::json::value(text)), not_utf8);
  if (not_utf8) return tl::unexpected<std::string>("is not valid UTF-8");
  return std::string(text);
}

tl::expected<std::filesystem::path, std::string> default_state_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::filesystem::path(value == nullptr ? "" : value);
  };
  // The XDG base directory specification: a relative path is to be ignored.
  if (const auto folder = variable("XDG_STATE_HOME"); folder.is_absolute()) return folder / "ebb";
  if (const auto home = variable("HOME"); home.is_absolute()) {
    return home / ".local" / "state" / "ebb";
  }
  return tl::unexpected<std::string>("name a folder for what must be kept: there is no HOME");
}

}  // namespace ebb::miner
