#pragma once
// A full node as a template source: getblocktemplate and submitblock.

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "stratum/node/template_source.h"

namespace ebb::stratum::node {

struct NodeConfig {
  std::string url;                                ///< http://user:password@host:port
  std::chrono::milliseconds poll_interval{1000};  ///< how soon a block of others is noticed
  /// A template with the same previous block and other transactions is passed on at most this
  /// often.
  std::chrono::seconds refresh_interval{5};
  std::chrono::seconds template_timeout{10};
  std::chrono::seconds submit_timeout{30};
};

/// Fails, saying why without naming credentials, when the URL is of no use. Whether the node
/// answers shows in events; a node that does not is asked again at the next poll. RPCs run on a
/// thread of the source's own; destroying the source waits for a block that is being submitted.
tl::expected<std::unique_ptr<TemplateSource>, std::string> make_node_templates(
    boost::asio::any_io_executor executor, NodeConfig config);

}  // namespace ebb::stratum::node
