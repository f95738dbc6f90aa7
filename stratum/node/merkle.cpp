#include "stratum/node/merkle.h"

#include <algorithm>

namespace ebb::stratum::node {
namespace {

/// The parents of `level`, from its element `first` on.
std::vector<core::Hash256> parents(const std::vector<core::Hash256>& level, std::size_t first) {
  std::vector<core::Hash256> result;
  for (std::size_t i = first; i < level.size(); i += 2)
    result.push_back(hash_pair(level[i], level[std::min(i + 1, level.size() - 1)]));
  return result;
}

}  // namespace

core::Hash256 hash_pair(const core::Hash256& left, const core::Hash256& right) {
  std::array<std::uint8_t, 64> pair;
  std::copy(left.bytes.begin(), left.bytes.end(), pair.begin());
  std::copy(right.bytes.begin(), right.bytes.end(), pair.begin() + 32);
  return core::sha256d(pair);
}

core::Hash256 merkle_tree_root(std::vector<core::Hash256> leaves) {
  while (leaves.size() > 1)
    leaves = parents(leaves, 0);
  return leaves.front();
}

std::vector<core::Hash256> merkle_branch(std::span<const core::Hash256> others) {
  std::vector<core::Hash256> branch;
  std::vector<core::Hash256> level(others.begin(), others.end());
  // `level` lacks its leftmost hash, the one that changes; the first of the rest is its sibling.
  while (!level.empty()) {
    branch.push_back(level.front());
    level = parents(level, 1);
  }
  return branch;
}

}  // namespace ebb::stratum::node
