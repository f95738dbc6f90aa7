#pragma once
// What became of each share, a line of JSON each, in a file.

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <tl/expected.hpp>

#include "stratum/upstream.h"

namespace spdlog {
class logger;
}

namespace ebb::miner {

/// Appends to a file. Shares come on one thread, which never waits for the disk: lines that a slow
/// or full one does not take are left out and counted, and that is told once. No line is ever torn,
/// but the last of a process that was killed.
class ShareLog {
 public:
  struct Pool {
    std::string url;  ///< without credentials
    std::string user;
  };

  static constexpr std::size_t kMostWaiting = 10'000;  ///< lines

  /// The error is one line that quotes the file's name. `log` must outlive this.
  static tl::expected<std::unique_ptr<ShareLog>, std::string> open(const std::string& file,
                                                                   spdlog::logger& log);
  /// Writes what waits. Takes the descriptor.
  ShareLog(int descriptor, std::string file, spdlog::logger& log);
  ~ShareLog();
  ShareLog(const ShareLog&) = delete;
  ShareLog& operator=(const ShareLog&) = delete;

  void judged(const stratum::ShareJudged& judged, const Pool& pool);
  /// Nothing for a share without a job.
  void dropped(const stratum::ShareDropped& dropped, const Pool& pool);

 private:
  void append(std::string line);
  void write_lines(const std::stop_token& stop);
  void write(std::string line);

  int descriptor_;
  std::string file_;
  spdlog::logger& log_;

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::string> waiting_;  // under the mutex
  std::uint64_t left_out_ = 0;       // under the mutex
  bool told_ = false;                // under the mutex
  bool torn_ = false;                ///< the last line is incomplete: of the thread alone
  std::jthread writer_;              ///< last: it uses all the others
};

/// The line, without its end.
std::string share_line(std::chrono::system_clock::time_point at, const ShareLog::Pool& pool,
                       const stratum::ShareJudged& judged);
std::string share_line(std::chrono::system_clock::time_point at, const ShareLog::Pool& pool,
                       const stratum::ShareDropped& dropped);

}  // namespace ebb::miner
