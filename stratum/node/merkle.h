#pragma once
// Merkle trees of transaction ids, all hashes in raw digest order.

#include <span>
#include <vector>

#include "core/sha256.h"

namespace ebb::stratum::node {

/// SHA-256d of the two, one after the other: their parent in the tree.
core::Hash256 hash_pair(const core::Hash256& left, const core::Hash256& right);

/// Root of the whole tree; an odd level pairs its last hash with itself. Needs at least one leaf.
core::Hash256 merkle_tree_root(std::vector<core::Hash256> leaves);

/// The siblings on the way from the leftmost leaf (the coinbase) to the root, lowest first.
/// `others` are the leaves right of it.
std::vector<core::Hash256> merkle_branch(std::span<const core::Hash256> others);

}  // namespace ebb::stratum::node
