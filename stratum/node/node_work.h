#pragma once
// The jobs of a node's templates, and the templates that late shares still need.

#include <array>
#include <cstdint>
#include <deque>
#include <string>

#include "core/share.h"
#include "stratum/node/block_template.h"

namespace ebb::stratum::node {

class NodeWork {
 public:
  /// Whose shares still find their block.
  static constexpr std::size_t kMaxTemplates = 8;

  /// `pool`: stamped on every job. `extranonce1`: tells miners apart that work for one address at
  /// one node.
  NodeWork(std::uint32_t pool, core::Bytes payout_script, std::array<std::uint8_t, 4> extranonce1);

  /// A job that is given to nobody.
  core::JobPtr trial(const BlockTemplate& block_template) const;

  /// The next job, and its template kept. `chain`: the node's name for it.
  core::JobPtr next(BlockTemplatePtr block_template, const std::string& chain,
                    std::uint64_t session, bool clean);

  struct Kept {
    std::string job_id;
    std::string chain;
    BlockTemplatePtr block_template;
  };
  /// Nothing once it is too old.
  const Kept* find(const core::Job& job) const;

 private:
  core::JobPtr make(const BlockTemplate& block_template, std::uint64_t session, bool clean) const;

  std::uint32_t pool_;
  core::Bytes payout_script_;
  std::array<std::uint8_t, 4> extranonce1_;
  std::uint64_t number_ = 0;  ///< of the last job
  std::deque<Kept> kept_;     ///< oldest first
};

}  // namespace ebb::stratum::node
