#pragma once
// JSON-RPC over HTTP(S) to a full node.

#include <boost/json.hpp>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace ebb::stratum::node {

/// How to reach a node and be let in.
struct NodeAccess {
  std::string url;  ///< http or https, with user:password@ where the node asks for them
  /// Holds user:password, written anew by the node at each of its starts; read when a call needs
  /// it, and again when the node refuses what was read. Empty: none.
  std::filesystem::path cookie_file;
  /// Certificates to trust instead of the system's, PEM. Empty: the system's.
  std::filesystem::path ca_file;
};

/// What went wrong, for a log line: printable, bounded, without credentials.
struct RpcError {
  std::string what;
  int code = 0;  ///< the node's own; 0 where the node did not say no itself
};

/// One connection, kept open between calls. Calls block and come from one thread at a time.
/// Certificates are verified.
class NodeRpc {
 public:
  /// A template of a full block is 8 MB of hexadecimal and as much again of small fields.
  static constexpr std::size_t kMaxResponseBytes = std::size_t{32} << 20;
  static constexpr std::chrono::seconds kConnectTimeout{3};

  /// Fails when the URL is of no use. `timeout`: for a whole call.
  static tl::expected<NodeRpc, RpcError> create(const NodeAccess& access,
                                                std::chrono::milliseconds timeout);
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
