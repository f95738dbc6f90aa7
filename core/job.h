#pragma once
// A job as a pool gave it, protocol-neutral and immutable.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/sha256.h"
#include "core/target.h"

namespace ebb::core {

struct Job {
  std::string id;             ///< the pool's name for it, opaque
  std::uint32_t pool = 0;     ///< whose it is, counted from 0 in the order of the configuration
  std::uint64_t session = 0;  ///< which connection it came from; shares return there or nowhere
  std::uint32_t version = 0;
  std::uint32_t version_mask = 0;  ///< bits the pool lets us roll; 0 when rolling is off
  Hash256 prev_hash;
  Bytes coinbase_prefix;  ///< up to and including extranonce1
  Bytes coinbase_suffix;
  std::size_t extranonce2_size = 0;  ///< bytes, 0..kMaxExtranonce2
  std::vector<Hash256> merkle_branch;
  std::uint32_t time = 0;  ///< the earliest ntime a share may carry
  std::uint32_t bits = 0;
  Target share_target;
  Target network_target;
  bool clean = false;  ///< earlier jobs of the session are void

  /// Bits that really roll: in the mask, and zero in the job's own version. Pools combine rolled
  /// bits by OR, XOR or replacement; over zero bits all three agree.
  std::uint32_t rollable_bits() const { return version_mask & ~version; }

  /// What a job weighs, nearly: pools' lines allow half a MiB. Without the extranonce2.
  std::size_t coinbase_bytes() const { return coinbase_prefix.size() + coinbase_suffix.size(); }

  /// What makes a hash worth sending: the easier of share and network target. A pool has been
  /// seen to refuse as a share what became the chain's tip.
  const Target& submit_target() const {
    return share_target < network_target ? network_target : share_target;
  }
};

using JobPtr = std::shared_ptr<const Job>;

inline constexpr std::size_t kMaxExtranonce2 = 16;

/// Merkle root with this extranonce2 in the coinbase, raw digest order.
Hash256 merkle_root(const Job& job, ByteView extranonce2);

/// True when both jobs lead to the same headers: a share found for one could be found for the
/// other. Ids, targets and flags do not count.
bool same_work(const Job& a, const Job& b);

}  // namespace ebb::core
