#include "stratum/node/block.h"

#include "stratum/node/coinbase.h"
#include "stratum/node/serialize.h"

namespace ebb::stratum::node {

core::Bytes serialize_block(const core::Header& header, core::ByteView coinbase,
                            const BlockTemplate& block_template) {
  core::Bytes out;
  append(out, header.serialize());
  append_compact_size(out, 1 + block_template.transactions.size());
  if (block_template.witness_commitment_script.empty()) {
    append(out, coinbase);
  } else {
    append(out, with_coinbase_witness(coinbase));
  }
  for (const TemplateTransaction& transaction : block_template.transactions)
    append(out, transaction.raw);
  return out;
}

}  // namespace ebb::stratum::node
