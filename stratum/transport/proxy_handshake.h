#pragma once
// What is said to a proxy before it passes bytes on: bytes in, bytes out, no socket.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "stratum/transport/proxy.h"

namespace ebb::stratum {

class ProxyHandshake {
 public:
  static constexpr std::size_t kMaxAnswer = 8192;

  using Step = tl::expected<void, std::string>;

  virtual ~ProxyHandshake() = default;

  /// What is to be sent now; it is asked for at the start and after each receive().
  std::string take_output() { return std::exchange(output_, {}); }

  /// Some bytes of the proxy's, while not done. The client speaks first through the tunnel, too,
  /// so that bytes after an answer are a fault. The error is the end; it has no credentials.
  virtual Step receive(std::string_view bytes) = 0;

  /// The tunnel stands.
  bool done() const { return done_; }

 protected:
  void send(std::string output) { output_ = std::move(output); }
  void succeed() { done_ = true; }

 private:
  std::string output_;
  bool done_ = false;
};

/// Asks for a way to `to`, whose name the proxy resolves.
std::unique_ptr<ProxyHandshake> make_proxy_handshake(const Proxy& proxy, const HostPort& to);

}  // namespace ebb::stratum
