#pragma once
// From a template to a job, and from a share of that job to the block.

#include <string>

#include "core/share.h"
#include "stratum/node/block_template.h"
#include "stratum/node/template_source.h"

namespace ebb::stratum::node {

/// What the workers count in; 2^64 coinbases outlast any template.
inline constexpr std::size_t kExtranonce2Size = 8;

struct NodeJobConfig {
  std::string id;
  std::uint32_t pool = 0;
  std::uint64_t session = 0;
  bool clean = false;
  core::ByteView payout_script;
  core::ByteView extranonce1;  ///< tells miners apart that work for one address at one node
  std::uint32_t version_mask = 0;
};

/// Network and share target are one. Needs extranonce1 and kExtranonce2Size to be at most
/// kMaxExtranonce together, and a template whose bits are a target, as all are that were read.
core::JobPtr make_node_job(const BlockTemplate& block_template, const NodeJobConfig& config);

/// The block that the share solves. `block_template`: of the share's job.
SolvedBlock solved_block(const core::Share& share, const BlockTemplate& block_template);

/// A block of the job as it would be but for the work.
core::Bytes block_without_work(const core::JobPtr& job, const BlockTemplate& block_template);

}  // namespace ebb::stratum::node
