#pragma once
// What a node's answer to submitblock means (BIP 22).

#include <boost/json.hpp>
#include <string>
#include <tl/expected.hpp>

#include "stratum/node/node_rpc.h"

namespace ebb::stratum::node {

struct BlockVerdict {
  enum class Kind {
    accepted,     ///< or the node had it and it is valid
    side_branch,  ///< taken, but another block of its height came first
    refused,
    unsettled,   ///< the node lacks what it needs to judge: the parent, the time
    unanswered,  ///< the node was not reached, or is not ready
  };
  Kind kind = Kind::unanswered;
  std::string text;  ///< the node's words, printable
};

BlockVerdict read_verdict(const tl::expected<boost::json::value, RpcError>& answer);

/// A reason for not taking a block that would not be one later on.
bool may_pass(std::string_view reason);

}  // namespace ebb::stratum::node
