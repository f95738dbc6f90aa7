#pragma once
// What a block is to be made of, from wherever it comes (BIP 22, BIP 23, BIP 145).

#include <cstdint>
#include <memory>
#include <vector>

#include "core/sha256.h"

namespace ebb::stratum::node {

struct TemplateTransaction {
  core::Bytes raw;     ///< full serialisation, with witness where there is one
  core::Hash256 txid;  ///< raw digest order
};

struct BlockTemplate {
  std::uint32_t height = 0;
  std::uint32_t version = 0;
  /// Version bits that mean something to the network now (vbrequired, vbavailable): to be left as
  /// they are.
  std::uint32_t reserved_version_bits = 0;
  core::Hash256 prev_hash;     ///< raw digest order
  std::uint32_t bits = 0;      ///< compact target
  std::uint32_t min_time = 0;  ///< earliest header time the network takes
  std::uint32_t time = 0;      ///< the source's clock
  std::uint64_t coinbase_value = 0;
  std::vector<TemplateTransaction> transactions;  ///< without the coinbase
  /// Output script of the witness commitment (BIP 141); empty while segwit is not active, and then
  /// the coinbase must carry no witness either.
  core::Bytes witness_commitment_script;
};

/// Whether both lead to the same block, but for its time and what it builds on.
bool same_content(const BlockTemplate& a, const BlockTemplate& b);

using BlockTemplatePtr = std::shared_ptr<const BlockTemplate>;

}  // namespace ebb::stratum::node
