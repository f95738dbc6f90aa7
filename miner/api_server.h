#pragma once
// The HTTP API: on loopback alone.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "miner/api_address.h"
#include "miner/web_routes.h"
#include "throttle/ledger/ledger_writer.h"

namespace ebb::miner {

/// HTTP/1.1 (RFC 9112). On the io thread.
class ApiServer {
 public:
  struct Limits {
    std::size_t connections = 64;
    std::size_t header = std::size_t{8} << 10;  ///< bytes
    std::size_t body = std::size_t{64} << 10;   ///< bytes
    std::chrono::milliseconds patience{
        10'000};  ///< for a request to come and its answer to be read
  };

  /// Calls `done` once, on any thread, when what was said before is on disk, or with why not.
  using Keep = std::function<void(throttle::LedgerWriter::Done done)>;

  /// `routes` must outlive the server. `keep`: for answers that wait for the disk, at most
  /// Limits::patience. The error is one line.
  static tl::expected<ApiServer, std::string> listen(boost::asio::io_context& io,
                                                     const ApiAddress& address,
                                                     const WebRoutes& routes, Keep keep,
                                                     Limits limits);

  ApiServer(ApiServer&&) noexcept;
  ApiServer& operator=(ApiServer&&) = delete;
  /// Hangs up on everybody.
  ~ApiServer();

  ApiAddress address() const;

 private:
  struct Impl;
  explicit ApiServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

/// The path and query of a request's target, decoded; nothing for what is no such target.
struct WebTarget {
  std::string path;
  std::map<std::string, std::string, std::less<>> query;
};
tl::expected<WebTarget, std::string> parse_target(std::string_view target);

}  // namespace ebb::miner
