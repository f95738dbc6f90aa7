#include "miner/console.h"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace ebb::miner {
namespace {

constexpr const char* kClearLine = "\r\x1b[K";

void write_stderr(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

struct Scaled {
  double value;
  const char* prefix;
};
Scaled scale(double value) {
  static constexpr std::array<const char*, 7> kPrefixes{"", "k", "M", "G", "T", "P", "E"};
  std::size_t step = 0;
  while (value >= 999.5 && step + 1 < kPrefixes.size()) {
    value /= 1000;
    ++step;
  }
  return {value, kPrefixes[step]};
}

/// Three significant digits without an exponent.
std::string three_digits(double value) {
  if (value >= 99.95 || value == 0) return fmt::format("{:.0f}", value);
  if (value >= 9.995) return fmt::format("{:.1f}", value);
  if (value >= 0.9995) return fmt::format("{:.2f}", value);
  return fmt::format("{:.3g}", value);
}

}  // namespace

/// Takes the progress line away before a log line and puts it back after.
class Console::Sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  Sink() : terminal_(isatty(STDERR_FILENO) != 0) {
    const bool colour = terminal_ && std::getenv("NO_COLOR") == nullptr;
    warning_ = colour ? "\x1b[33m" : "";
    error_ = colour ? "\x1b[31m" : "";
    reset_ = colour ? "\x1b[0m" : "";
    formatter_ = std::make_unique<spdlog::pattern_formatter>("[%H:%M:%S] %v");
  }

  bool is_terminal() const { return terminal_; }

  void show_progress(const std::string& line) {
    if (!terminal_) return;
    const std::lock_guard lock(mutex_);
    std::size_t bytes = std::min(line.size(), terminal_width() - 1);
    while (bytes < line.size() && (line[bytes] & 0xc0) == 0x80)
      --bytes;  // not inside a character
    progress_ = line.substr(0, bytes);
    write_stderr(kClearLine + progress_);
  }

  void end_progress() {
    const std::lock_guard lock(mutex_);
    if (!progress_.empty()) write_stderr(kClearLine);
    progress_.clear();
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t formatted;
    formatter_->format(message, formatted);
    const bool is_error = message.level >= spdlog::level::err;
    const bool is_warning = message.level == spdlog::level::warn;
    std::string text = progress_.empty() ? "" : kClearLine;
    text += is_error ? error_ : is_warning ? warning_ : "";
    text.append(formatted.data(), formatted.size());
    if (is_error || is_warning) text.insert(text.find_last_not_of("\r\n") + 1, reset_);
    write_stderr(text + progress_);
  }
  void flush_() override {}

 private:
  bool terminal_;
  std::string warning_, error_, reset_;
  std::string progress_;
};

Console::Console()
    : sink_(std::make_shared<Sink>()), logger_(std::make_shared<spdlog::logger>("ebb", sink_)) {}

Console::~Console() {
  end_progress();
}

bool Console::is_terminal() const {
  return sink_->is_terminal();
}

void Console::show_progress(const std::string& line) {
  sink_->show_progress(line);
}

void Console::end_progress() {
  sink_->end_progress();
}

std::string format_hashrate(double hps) {
  const Scaled scaled = scale(hps);
  return three_digits(scaled.value) + " " + scaled.prefix + "H/s";
}

std::string format_difficulty(double difficulty) {
  const Scaled scaled = scale(difficulty);
  return three_digits(scaled.value) + scaled.prefix;
}

}  // namespace ebb::miner
