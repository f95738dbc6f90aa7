#include "stratum/node/block_template.h"

#include <algorithm>

namespace ebb::stratum::node {

bool same_content(const BlockTemplate& a, const BlockTemplate& b) {
  return a.version == b.version && a.bits == b.bits && a.coinbase_value == b.coinbase_value &&
         a.witness_commitment_script == b.witness_commitment_script &&
         std::equal(a.transactions.begin(), a.transactions.end(), b.transactions.begin(),
                    b.transactions.end(),
                    [](const auto& x, const auto& y) { return x.txid == y.txid; });
}

}  // namespace ebb::stratum::node
