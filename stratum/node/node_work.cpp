#include "stratum/node/node_work.h"

#include <algorithm>
#include <utility>

#include "stratum/node/node_job.h"
#include "stratum/session.h"

namespace ebb::stratum::node {

NodeWork::NodeWork(std::uint32_t pool, core::Bytes payout_script,
                   std::array<std::uint8_t, 4> extranonce1)
    : pool_(pool), payout_script_(std::move(payout_script)), extranonce1_(extranonce1) {}

core::JobPtr NodeWork::trial(const BlockTemplate& block_template) const {
  return make(block_template, 0, false);
}

core::JobPtr NodeWork::next(BlockTemplatePtr block_template, const std::string& chain,
                            std::uint64_t session, bool clean) {
  ++number_;
  core::JobPtr job = make(*block_template, session, clean);
  kept_.push_back({job->id, chain, std::move(block_template)});
  if (kept_.size() > kMaxTemplates) kept_.pop_front();
  return job;
}

const NodeWork::Kept* NodeWork::find(const core::Job& job) const {
  const auto kept =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& it) { return it.job_id == job.id; });
  return kept == kept_.end() ? nullptr : &*kept;
}

core::JobPtr NodeWork::make(const BlockTemplate& block_template, std::uint64_t session,
                            bool clean) const {
  NodeJobConfig config;
  config.id = std::to_string(number_);
  config.pool = pool_;
  config.session = session;
  config.clean = clean;
  config.payout_script = payout_script_;
  config.extranonce1 = extranonce1_;
  config.version_mask = kRollableVersionBits;
  return make_node_job(block_template, config);
}

}  // namespace ebb::stratum::node
