#pragma once
// What solo mining asks of a node, one RPC each. All block, as NodeRpc does.

#include <stop_token>
#include <string>
#include <tl/expected.hpp>

#include "stratum/node/block_template.h"
#include "stratum/node/block_verdict.h"
#include "stratum/node/node_rpc.h"
#include "stratum/node/template_json.h"

namespace ebb::stratum::node {

/// The node's name for its chain: "main", "testnet4", ….
tl::expected<std::string, RpcError> get_chain(NodeRpc& rpc, std::stop_token stop);

struct NodeTemplate {
  BlockTemplatePtr block_template;
  TemplateNotes notes;
};

struct TemplateRequest {
  bool on_signet = false;  ///< a signet's node wants to hear that its rule is known
  std::string
      long_poll_id;  ///< of the template at hand: answer when there is another; may be empty
};

tl::expected<NodeTemplate, RpcError> get_template(NodeRpc& rpc, const TemplateRequest& request,
                                                  std::stop_token stop);

/// Whether the node would take the block, were there work in it: empty when it would, otherwise the
/// reason, printable.
tl::expected<std::string, RpcError> propose_block(NodeRpc& rpc, core::ByteView block,
                                                  const TemplateRequest& request,
                                                  std::stop_token stop);

BlockVerdict submit_block(NodeRpc& rpc, core::ByteView block, std::stop_token stop);

}  // namespace ebb::stratum::node
