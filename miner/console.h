#pragma once
// What a person sees on stderr: log lines and, on a terminal, one progress line below them.

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

namespace spdlog {
class logger;
}

namespace ebb::miner {

/// Owns stderr. Log through log(); from any thread.
class Console {
 public:
  Console();
  ~Console();

  spdlog::logger& log() { return *logger_; }

  /// True when the progress line can be redrawn in place.
  bool is_terminal() const;

  /// Redraws the progress line on a terminal; does nothing in a pipe.
  void show_progress(const std::string& line);

  /// Takes the progress line away for good.
  void end_progress();

 private:
  class Sink;
  std::shared_ptr<Sink> sink_;
  std::shared_ptr<spdlog::logger> logger_;
};

/// "35.4 MH/s", three significant digits.
std::string format_hashrate(double hps);

/// "1.24k", "0.0012", "683": for difficulties.
std::string format_difficulty(double difficulty);

}  // namespace ebb::miner
