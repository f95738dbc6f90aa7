#include "stratum/node/node_job.h"

#include <algorithm>

#include "stratum/node/block.h"
#include "stratum/node/coinbase.h"
#include "stratum/node/merkle.h"
#include "stratum/node/serialize.h"

namespace ebb::stratum::node {
namespace {

core::Bytes coinbase_of(const core::Job& job, core::ByteView extranonce2) {
  core::Bytes coinbase = job.coinbase_prefix;
  append(coinbase, extranonce2);
  append(coinbase, job.coinbase_suffix);
  return coinbase;
}

}  // namespace

core::JobPtr make_node_job(const BlockTemplate& block_template, const NodeJobConfig& config) {
  auto job = std::make_shared<core::Job>();
  job->id = config.id;
  job->pool = config.pool;
  job->session = config.session;
  job->version = block_template.version;
  job->version_mask = config.version_mask & ~block_template.reserved_version_bits;
  job->prev_hash = block_template.prev_hash;
  CoinbaseParts coinbase = build_coinbase(
      block_template, config.extranonce1.size() + kExtranonce2Size, config.payout_script);
  job->coinbase_prefix = std::move(coinbase.prefix);
  append(job->coinbase_prefix, config.extranonce1);
  job->coinbase_suffix = std::move(coinbase.suffix);
  job->extranonce2_size = kExtranonce2Size;
  std::vector<core::Hash256> txids;
  for (const TemplateTransaction& transaction : block_template.transactions)
    txids.push_back(transaction.txid);
  job->merkle_branch = merkle_branch(txids);
  job->time = std::max(block_template.time, block_template.min_time);
  job->bits = block_template.bits;
  job->network_target = core::Target::from_compact(block_template.bits).value_or(core::Target{});
  job->share_target = job->network_target;
  job->clean = config.clean;
  return job;
}

SolvedBlock solved_block(const core::Share& share, const BlockTemplate& block_template) {
  const core::Bytes coinbase = coinbase_of(*share.job, share.extranonce2());
  return {share.hash, share.header.prev_hash, block_template.height,
          serialize_block(share.header, coinbase, block_template)};
}

core::Bytes block_without_work(const core::JobPtr& job, const BlockTemplate& block_template) {
  const core::Bytes extranonce2(job->extranonce2_size, 0);
  core::Header header;
  header.version = job->version;
  header.prev_hash = job->prev_hash;
  header.merkle_root = core::merkle_root(*job, extranonce2);
  header.time = job->time;
  header.bits = job->bits;
  return serialize_block(header, coinbase_of(*job, extranonce2), block_template);
}

}  // namespace ebb::stratum::node
