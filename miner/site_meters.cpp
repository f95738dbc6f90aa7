#include "miner/site_meters.h"

#include <algorithm>

#include "miner/wall_clock.h"

namespace ebb::miner {

std::shared_ptr<sources::SharedMeter> SiteMeters::find(std::string_view name) {
  if (const auto found = open_.find(name); found != open_.end()) return found->second;
  const auto options = std::find_if(options_.begin(), options_.end(),
                                    [&](const auto& meter) { return meter.name == name; });
  if (options == options_.end()) return nullptr;
  return open_.emplace(name, options->open([] { return now().steady; })).first->second;
}

}  // namespace ebb::miner
