#include "core/job.h"

#include <algorithm>

namespace ebb::core {

Hash256 merkle_root(const Job& job, ByteView extranonce2) {
  Bytes coinbase;
  coinbase.reserve(job.coinbase_prefix.size() + extranonce2.size() + job.coinbase_suffix.size());
  coinbase.insert(coinbase.end(), job.coinbase_prefix.begin(), job.coinbase_prefix.end());
  coinbase.insert(coinbase.end(), extranonce2.begin(), extranonce2.end());
  coinbase.insert(coinbase.end(), job.coinbase_suffix.begin(), job.coinbase_suffix.end());

  Hash256 root = sha256d(coinbase);
  for (const Hash256& sibling : job.merkle_branch) {
    std::array<std::uint8_t, 64> pair;
    std::copy(root.bytes.begin(), root.bytes.end(), pair.begin());
    std::copy(sibling.bytes.begin(), sibling.bytes.end(), pair.begin() + 32);
    root = sha256d(pair);
  }
  return root;
}

bool same_work(const Job& a, const Job& b) {
  return a.version == b.version && a.version_mask == b.version_mask && a.prev_hash == b.prev_hash &&
         a.coinbase_prefix == b.coinbase_prefix && a.coinbase_suffix == b.coinbase_suffix &&
         a.extranonce2_size == b.extranonce2_size && a.merkle_branch == b.merkle_branch &&
         a.time == b.time && a.bits == b.bits;
}

}  // namespace ebb::core
