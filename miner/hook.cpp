#include "miner/hook.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

namespace ebb::miner {
namespace {

std::string what(int error) {
  return std::generic_category().message(error);
}

/// This process's own, where `added` does not replace it.
std::vector<std::string> complete(const Hook::Environment& added) {
  std::vector<std::string> all;
  for (const auto& [name, value] : added)
    all.push_back(fmt::format("{}={}", name, value));
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    bool replaced = false;
    for (const auto& [name, value] : added)
      replaced = replaced || text.starts_with(fmt::format("{}=", name));
    if (!replaced) all.emplace_back(text);
  }
  return all;
}

/// How a process starts that is to have nothing of this one's: neither its files and sockets nor
/// its signal handling.
class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", 0, 0);
    posix_spawn_file_actions_adddup2(&files_, STDERR_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  const posix_spawn_file_actions_t* files() const { return &files_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Hook::Hook(std::string command, std::chrono::milliseconds time_limit)
    : command_(std::move(command)), time_limit_(time_limit) {}

std::optional<std::string> Hook::start(Clock::time_point now, const Environment& environment) {
  if (is_running()) return "the hook still runs";
  std::vector<std::string> entries = complete(environment);
  std::vector<char*> pointers;
  pointers.reserve(entries.size() + 1);
  for (std::string& entry : entries)
    pointers.push_back(entry.data());
  pointers.push_back(nullptr);
  std::string shell = "sh", option = "-c", command = command_;
  char* const arguments[] = {shell.data(), option.data(), command.data(), nullptr};

  const SpawnSettings settings;
  const int error = posix_spawn(&pid_, "/bin/sh", settings.files(), settings.attributes(),
                                arguments, pointers.data());
  if (error != 0) {
    pid_ = 0;
    return "the hook could not be started: " + what(error);
  }
  kill_at_ = now + time_limit_;
  killed_ = false;
  return std::nullopt;
}

std::optional<std::string> Hook::poll(Clock::time_point now) {
  if (!is_running()) return std::nullopt;
  int status = 0;
  const pid_t ended = waitpid(pid_, &status, WNOHANG);
  if (ended == 0) {
    if (!killed_ && now >= kill_at_) {
      kill(-pid_, SIGKILL);
      killed_ = true;
    }
    return std::nullopt;
  }
  pid_ = 0;
  if (ended < 0) return "the hook has ended, and how is not known: " + what(errno);
  if (killed_) {
    return fmt::format("the hook did not end in {:g} s: killed",
                       std::chrono::duration<double>(time_limit_).count());
  }
  if (WIFSIGNALED(status)) return fmt::format("the hook was ended by signal {}", WTERMSIG(status));
  return fmt::format("the hook ended with exit code {}", WEXITSTATUS(status));
}

}  // namespace ebb::miner
