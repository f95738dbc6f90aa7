#pragma once
// The [[meter]] tables of a configuration, each opened once.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sources/meter/meter_table.h"

namespace ebb::miner {

/// On one thread.
class SiteMeters {
 public:
  explicit SiteMeters(std::vector<sources::MeterOptions> options) : options_(std::move(options)) {}

  /// Begins to read it, when nobody has asked for it before; null: there is none of this name.
  std::shared_ptr<sources::SharedMeter> find(std::string_view name);

 private:
  std::vector<sources::MeterOptions> options_;
  std::map<std::string, std::shared_ptr<sources::SharedMeter>, std::less<>> open_;
};

}  // namespace ebb::miner
