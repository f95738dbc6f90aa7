#pragma once
// Energy of the CPU packages, where the machine has a meter that this process may read.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace ebb::throttle {

/// RAPL counters as Linux shows them (Documentation/power/powercap): all packages, so that other
/// processes' work counts as well.
class Rapl {
 public:
  /// The error says why there is no meter.
  static tl::expected<Rapl, std::string> open(
      const std::filesystem::path& root = "/sys/class/powercap");

  /// Joules since open(); nothing while a counter cannot be read. Right while the calls come more
  /// often than a counter wraps (minutes at full load).
  std::optional<double> joules();

 private:
  struct Zone {
    std::filesystem::path counter;
    std::uint64_t range_uj = 0;  ///< the counter's largest value
    std::uint64_t last_uj = 0;
    double joules = 0;
  };
  std::vector<Zone> zones_;
};

}  // namespace ebb::throttle
