#include "throttle/power/rapl.h"

#include <fstream>
#include <system_error>

namespace ebb::throttle {
namespace {

std::optional<std::uint64_t> read_number(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

/// "package-0", not what lies within it (core, dram) nor around it (psys).
bool is_package(const std::filesystem::path& zone) {
  std::ifstream file(zone / "name");
  std::string name;
  return file >> name && name.starts_with("package");
}

}  // namespace

tl::expected<Rapl, std::string> Rapl::open(const std::filesystem::path& root) {
  Rapl meter;
  std::error_code error;
  for (const auto& zone : std::filesystem::directory_iterator(root, error)) {
    if (!is_package(zone.path())) continue;
    const auto counter = zone.path() / "energy_uj";
    const auto now = read_number(counter);
    const auto range = read_number(zone.path() / "max_energy_range_uj");
    if (!now || !range) {
      return tl::unexpected("cannot read " + counter.string() +
                            " (most systems let only root; `z /sys/class/powercap/intel-rapl:*/"
                            "energy_uj 0444` in /etc/tmpfiles.d/rapl.conf opens it from the next "
                            "boot on, `chmod a+r` until then)");
    }
    meter.zones_.push_back({counter, *range, *now});
  }
  if (meter.zones_.empty()) return tl::unexpected("no RAPL package in " + root.string());
  return meter;
}

std::optional<double> Rapl::joules() {
  double sum = 0;
  for (Zone& zone : zones_) {
    const auto now = read_number(zone.counter);
    if (!now) return std::nullopt;
    const bool wrapped = *now < zone.last_uj;
    zone.joules += 1e-6 * static_cast<double>(*now - zone.last_uj + (wrapped ? zone.range_uj : 0));
    zone.last_uj = *now;
    sum += zone.joules;
  }
  return sum;
}

}  // namespace ebb::throttle
