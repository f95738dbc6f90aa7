#include "miner/state_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

namespace ebb::miner {

tl::expected<StateFolder, std::string> StateFolder::open(const std::filesystem::path& folder) {
  const auto failed = [&](const std::string& what) {
    return tl::unexpected("state folder " + folder.string() + ": " + what);
  };
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(folder, error);
  if (error) return failed(error.message() + " (choose one with --state)");
  if (is_new) ::chmod(folder.c_str(), S_IRWXU);

  const std::filesystem::path lock = folder / "lock";
  const int file = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return failed(std::string(std::strerror(errno)) + " (choose one with --state)");
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    ::close(file);
    return failed("another ebb mines with it (give this one its own with --state)");
  }
  return StateFolder(folder, file);
}

StateFolder::StateFolder(StateFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

StateFolder::~StateFolder() {
  if (lock_ >= 0) ::close(lock_);
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace ebb::miner
