#pragma once
// The whole block, from the parts that a share and a template hold.

#include "core/header.h"
#include "stratum/node/block_template.h"

namespace ebb::stratum::node {

/// Consensus serialisation, as submitblock wants it in hexadecimal. `coinbase`: non-witness
/// serialisation with the extranonce in place; its witness is added where the template needs it.
core::Bytes serialize_block(const core::Header& header, core::ByteView coinbase,
                            const BlockTemplate& block_template);

}  // namespace ebb::stratum::node
