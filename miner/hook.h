#pragma once
// A command of the user's, run without anyone waiting for it.

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ebb::miner {

/// Runs one command at a time by /bin/sh, in a process group of its own, its output on this
/// process's error stream. One thread. A command that still runs when the hook is destroyed goes
/// on.
class Hook {
 public:
  using Clock = std::chrono::steady_clock;
  using Environment = std::vector<std::pair<std::string, std::string>>;

  /// `time_limit`: what runs longer is killed, with its process group.
  explicit Hook(std::string command,
                std::chrono::milliseconds time_limit = std::chrono::seconds(60));

  bool empty() const { return command_.empty(); }
  bool is_running() const { return pid_ != 0; }

  /// `environment` is added to this process's. Why it could not be started, in one line.
  std::optional<std::string> start(Clock::time_point now, const Environment& environment);

  /// How the command ended, once, in one line. Never blocks; call about once a second.
  std::optional<std::string> poll(Clock::time_point now);

 private:
  std::string command_;
  std::chrono::milliseconds time_limit_;
  pid_t pid_ = 0;
  Clock::time_point kill_at_{};
  bool killed_ = false;
};

}  // namespace ebb::miner
