#pragma once
// A [[meter]] of the configuration.

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "sources/meter.h"

namespace ebb::throttle {
class TableReader;
}

namespace ebb::sources {

struct MeterOptions {
  std::string name;
  /// Begins to read the meter. Whatever is wrong with it is its health's trouble.
  std::function<std::shared_ptr<SharedMeter>(std::function<throttle::SteadyTime()> clock)> open;
};

/// Reads name, type, period and the type's own keys. Reads no file, connects to nothing; faults go
/// to the table.
MeterOptions read_meter(throttle::TableReader& table, const std::filesystem::path& folder);

}  // namespace ebb::sources
