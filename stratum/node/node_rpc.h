#pragma once
// JSON-RPC over HTTP(S) to a full node.

#include <boost/json.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace ebb::stratum::node {

/// What went wrong, for a log line: printable, bounded, without credentials.
struct RpcError {
  std::string what;
};

/// One connection, kept open between calls. Calls block and come from one thread at a time.
class NodeRpc {
 public:
  /// A template of a full block is 8 MB of hexadecimal and as much again of small fields.
  static constexpr std::size_t kMaxResponseBytes = std::size_t{32} << 20;
  static constexpr std::chrono::seconds kConnectTimeout{3};

  /// `url`: http or https, with user:password@ where the node asks for them. `timeout`: for a
  /// whole call.
  static tl::expected<NodeRpc, RpcError> create(const std::string& url,
                                                std::chrono::seconds timeout);
  NodeRpc(NodeRpc&&) noexcept;
  NodeRpc& operator=(NodeRpc&&) noexcept;
  ~NodeRpc();

  /// The URL without user and password, for log lines.
  const std::string& address() const;

  /// The member `result` of the answer; an `error` that is not null is a failure. A stop request
  /// ends the call at once.
  tl::expected<boost::json::value, RpcError> call(std::string_view method,
                                                  boost::json::array params, std::stop_token stop);

 private:
  struct Connection;
  explicit NodeRpc(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace ebb::stratum::node
