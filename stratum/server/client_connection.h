#pragma once
// One client's socket: bytes in and out of its session, within bounds.

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "stratum/line.h"
#include "stratum/server/server_session.h"

namespace ebb::stratum::server {

/// Requests are short; the longest, a submit, stays below 400 bytes.
inline constexpr std::size_t kMaxRequestBytes = std::size_t{16} << 10;

struct ConnectionLimits {
  std::size_t max_queue_bytes = std::size_t{1} << 20;  ///< not yet sent, beyond the kernel's buffer
  std::chrono::seconds idle_timeout{3600};             ///< without a line from the client
};

/// All on the socket's executor, one thread. Its coroutines keep it alive until the socket is shut.
class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  /// What the server hears. Not called after close(), nor from inside it.
  struct Listener {
    std::function<void(ClientConnection&, ClientEvent)> on_event;
    /// The last call: the client is gone, or was dropped for `why`.
    std::function<void(ClientConnection&, const std::string& why)> on_closed;
  };

  ClientConnection(boost::asio::ip::tcp::socket socket, std::uint64_t number,
                   ServerSessionConfig config, ConnectionLimits limits, Listener listener);

  void start();
  void set_job(const PoolJobPtr& job, bool clean);

  /// Call about every second.
  void tick();

  void close();

  std::uint64_t number() const { return number_; }
  const std::string& peer() const { return peer_; }  ///< "address:port"

 private:
  static boost::asio::awaitable<void> read_loop(std::shared_ptr<ClientConnection> self);
  static boost::asio::awaitable<void> write_loop(std::shared_ptr<ClientConnection> self);
  void receive(std::string_view bytes);
  void flush();
  void drop(const std::string& why);

  boost::asio::ip::tcp::socket socket_;
  std::uint64_t number_;
  ConnectionLimits limits_;
  Listener listener_;
  std::string peer_;
  LineFramer framer_{kMaxRequestBytes};
  ServerSession session_;
  std::chrono::steady_clock::time_point last_line_;
  std::array<char, 4096> buffer_;  ///< for the read under way
  std::string queue_;              ///< to be sent after what is being written
  bool writing_ = false;
  bool closed_ = false;
};

}  // namespace ebb::stratum::server
