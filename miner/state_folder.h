#pragma once
// The folder of what must survive a restart, for one miner at a time.

#include <filesystem>
#include <string>
#include <tl/expected.hpp>

namespace ebb::miner {

class StateFolder {
 public:
  /// Creates what is missing, for this user alone (0700), and locks it until the process ends. The
  /// error is one line: no such folder can be made, or another miner uses it.
  static tl::expected<StateFolder, std::string> open(const std::filesystem::path& folder);

  StateFolder(StateFolder&& other) noexcept;
  StateFolder& operator=(StateFolder&&) = delete;
  ~StateFolder();

  static std::filesystem::path ledger(const std::filesystem::path& folder) {
    return folder / "ledger.db";
  }
  static std::filesystem::path calibration(const std::filesystem::path& folder) {
    return folder / "calibration.json";
  }

  const std::filesystem::path& path() const { return path_; }

 private:
  StateFolder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::filesystem::path path_;
  int lock_ = -1;  ///< file descriptor
};

/// What the kernel calls this boot of the machine; empty when it does not say.
std::string boot_id();

}  // namespace ebb::miner
