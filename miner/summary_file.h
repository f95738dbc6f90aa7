#pragma once
// Where --summary goes.

#include <fstream>
#include <string>
#include <tl/expected.hpp>

namespace ebb::miner {

/// Opened at the start, so that a path that cannot be written is told before an hour of mining.
class SummaryFile {
 public:
  /// "" for none, "-" for stdout, else a file that is created or overwritten. The error names the
  /// file.
  static tl::expected<SummaryFile, std::string> open(const std::string& path);

  /// Writes `json` and a line end.
  void write(const std::string& json);

 private:
  bool stdout_ = false;
  std::ofstream file_;
};

}  // namespace ebb::miner
