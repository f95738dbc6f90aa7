#pragma once
// The coinbase transaction, around a gap for the extranonce.

#include "stratum/node/block_template.h"

namespace ebb::stratum::node {

/// The block's height as the coinbase script must begin with (BIP 34): a minimal script number
/// push, so OP_0 and OP_1..OP_16 for 0..16.
core::Bytes push_height(std::uint32_t height);

/// Largest extranonce, both parts together, in bytes: one push opcode, and with height and tag
/// well inside the 100 bytes that consensus allows the script.
inline constexpr std::size_t kMaxExtranonce = 32;

/// Non-witness serialisation, the one that is hashed; the extranonce belongs between the two.
struct CoinbaseParts {
  core::Bytes prefix;
  core::Bytes suffix;
};

/// Pays `coinbase_value` to `payout_script` and commits to the witnesses where the template asks
/// for it. Needs extranonce_size in 1..kMaxExtranonce.
CoinbaseParts build_coinbase(const BlockTemplate& block_template, std::size_t extranonce_size,
                             core::ByteView payout_script);

/// The same transaction as it stands in a block under BIP 141: with marker, flag and the reserved
/// value of 32 zero bytes as its only witness item. `coinbase`: whole non-witness serialisation.
core::Bytes with_coinbase_witness(core::ByteView coinbase);

}  // namespace ebb::stratum::node
