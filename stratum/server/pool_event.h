#pragma once
// Something worth a line in the log; who logs is not the pool's business.

#include <functional>
#include <string>

namespace ebb::stratum::server {

struct PoolEvent {
  enum class Level { debug, info, warning };
  Level level = Level::info;
  std::string text;  ///< one line, printable
};

using PoolEventSink = std::function<void(PoolEvent)>;

}  // namespace ebb::stratum::server
