#pragma once
// Reading getblocktemplate's result (BIP 22, 23, 145).

#include <boost/json.hpp>
#include <string>
#include <tl/expected.hpp>

#include "stratum/node/block_template.h"

namespace ebb::stratum::node {

/// Fails, naming the field, when one is missing or makes no sense. A witness commitment is taken
/// over only while the template's rules hold segwit: bcoin offers one before that, and a block that
/// then carries the coinbase's witness is invalid.
tl::expected<BlockTemplate, std::string> read_block_template(const boost::json::value& result);

}  // namespace ebb::stratum::node
