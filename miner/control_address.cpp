#include "miner/control_address.h"

#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace ebb::miner {

tl::expected<ControlAddress, std::error_code> ControlAddress::of(
    const std::filesystem::path& folder) {
  std::string name = path(folder).string();
  if (name.size() < sizeof(sockaddr_un::sun_path)) return ControlAddress(std::move(name), -1);
  const int opened = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return tl::unexpected(std::error_code(errno, std::generic_category()));
  return ControlAddress(path("/proc/self/fd/" + std::to_string(opened)).string(), opened);
}

ControlAddress::ControlAddress(ControlAddress&& other) noexcept
    : name_(std::move(other.name_)), folder_(std::exchange(other.folder_, -1)) {}

ControlAddress::~ControlAddress() {
  if (folder_ >= 0) ::close(folder_);
}

}  // namespace ebb::miner
