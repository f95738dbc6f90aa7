#pragma once
// Something worth a line in the log; who logs is not this folder's business.

#include <string>

namespace ebb::stratum::node {

struct Notice {
  enum class Level { debug, info, warning };
  Level level = Level::info;
  std::string text;  ///< one line, printable
};

}  // namespace ebb::stratum::node
