#pragma once
// Found blocks as files, so that none is lost with the process, the machine or the node.

#include <filesystem>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "stratum/node/template_source.h"

namespace ebb::stratum::node {

/// A file a block, HEIGHT-HASH.block, its consensus serialisation in it. Once judged it is called
/// .accepted or .refused, and only the newest of those are kept. One thread; several stores may
/// share a folder.
class BlockStore {
 public:
  static constexpr std::size_t kMaxJudged = 20;
  static constexpr std::size_t kMaxUnjudged = 64;

  /// Creates the folder, for this user alone. The error is one line.
  static tl::expected<BlockStore, std::string> open(std::filesystem::path folder);

  /// When this returns without an error, the block outlives a loss of power.
  tl::expected<void, std::string> keep(const SolvedBlock& block) const;

  /// Nothing happens when the block is not there.
  void judged(const SolvedBlock& block, bool accepted) const;

  /// For a block that no node needs to see.
  void forget(const SolvedBlock& block) const;

  struct Unjudged {
    std::vector<SolvedBlock> blocks;   ///< at most kMaxUnjudged
    std::vector<std::string> damaged;  ///< names of files that hold no such block
  };
  Unjudged unjudged() const;

  /// Of this run or an earlier one.
  std::optional<SolvedBlock> newest_accepted() const;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  explicit BlockStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  void forget_oldest_judged() const;

  std::filesystem::path folder_;
};

}  // namespace ebb::stratum::node
