#include "miner/summary_file.h"

#include <cstdio>

namespace ebb::miner {

tl::expected<SummaryFile, std::string> SummaryFile::open(const std::string& path) {
  SummaryFile summary;
  summary.stdout_ = path == "-";
  if (!summary.stdout_ && !path.empty()) {
    summary.file_.open(path);
    if (!summary.file_) return tl::unexpected("cannot write '" + path.substr(0, 200) + "'");
  }
  return summary;
}

void SummaryFile::write(const std::string& json) {
  if (file_.is_open()) file_ << json << '\n' << std::flush;
  if (stdout_) {
    std::fwrite(json.data(), 1, json.size(), stdout);
    std::fputc('\n', stdout);
    std::fflush(stdout);
  }
}

}  // namespace ebb::miner
