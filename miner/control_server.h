#pragma once
// Answers `ebb status`, `hold`, `release` and `override` on a socket in the state folder.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "miner/control.h"

namespace ebb::miner {

/// For the socket's user and root alone: by its mode (0600) and by who connects. On the io thread.
class ControlServer {
 public:
  /// To be called once, on any thread, while the io_context lives.
  using Answer = std::function<void(ControlReply)>;
  using Handler = std::function<void(ControlRequest, Answer)>;

  struct Limits {
    std::size_t connections = 16;
    std::chrono::milliseconds idle{5000};    ///< for a request to come, or its answer to be read
    std::chrono::milliseconds answer{8000};  ///< for the handler; less than callers wait
  };

  /// Takes the place of a socket that a killed miner left. The error is one line.
  static tl::expected<ControlServer, std::string> listen(boost::asio::io_context& io,
                                                         const std::filesystem::path& state_folder,
                                                         Handler handler, Limits limits);
  static tl::expected<ControlServer, std::string> listen(boost::asio::io_context& io,
                                                         const std::filesystem::path& state_folder,
                                                         Handler handler) {
    return listen(io, state_folder, std::move(handler), Limits());
  }

  ControlServer(ControlServer&&) noexcept;
  ControlServer& operator=(ControlServer&&) = delete;
  /// Hangs up on everybody and removes the socket.
  ~ControlServer();

 private:
  struct Impl;
  explicit ControlServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace ebb::miner
