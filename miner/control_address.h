#pragma once
// Where the miner of a state folder listens: control.sock in it.

#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>
#include <string>
#include <tl/expected.hpp>

namespace ebb::miner {

/// Keep it until the socket is bound or connected: a path that is too long for a socket's address
/// (107 bytes) goes by way of an open descriptor of the folder.
class ControlAddress {
 public:
  /// The error: no such folder, or it cannot be opened.
  static tl::expected<ControlAddress, std::error_code> of(const std::filesystem::path& folder);

  ControlAddress(ControlAddress&& other) noexcept;
  ControlAddress& operator=(ControlAddress&&) = delete;
  ~ControlAddress();

  static std::filesystem::path path(const std::filesystem::path& folder) {
    return folder / "control.sock";
  }
  boost::asio::local::stream_protocol::endpoint endpoint() const { return {name_}; }

 private:
  ControlAddress(std::string name, int folder) : name_(std::move(name)), folder_(folder) {}

  std::string name_;
  int folder_;  ///< file descriptor; -1: none
};

}  // namespace ebb::miner
