#include "stratum/server/pool_job.h"

#include <algorithm>

#include "stratum/node/merkle.h"
#include "stratum/node/serialize.h"

namespace ebb::stratum::server {
namespace {

/// Stratum V1 sends the previous hash as eight words with the bytes of each reversed.
std::string swapped_words_hex(const core::Hash256& hash) {
  std::string text;
  for (std::size_t i = 0; i < hash.bytes.size(); i += 4)
    text += core::to_hex(core::load_le32(&hash.bytes[i]));
  return text;
}

std::string notify_work_of(const PoolJob& job) {
  std::string text = '"' + swapped_words_hex(job.block_template->prev_hash) + "\",\"" +
                     core::to_hex(job.coinbase.prefix) + "\",\"" +
                     core::to_hex(job.coinbase.suffix) + "\",[";
  for (std::size_t i = 0; i < job.merkle_branch.size(); ++i) {
    if (i != 0) text += ',';
    text += '"' + core::to_hex(job.merkle_branch[i].bytes) + '"';
  }
  text += "],\"" + core::to_hex(job.block_template->version) + "\",\"" +
          core::to_hex(job.block_template->bits) + '"';
  return text;
}

}  // namespace

tl::expected<PoolJobPtr, std::string> make_pool_job(node::BlockTemplatePtr block_template,
                                                    std::size_t extranonce_size,
                                                    core::ByteView payout_script) {
  const auto network_target = core::Target::from_compact(block_template->bits);
  if (!network_target)
    return tl::unexpected("the template's bits " + core::to_hex(block_template->bits) +
                          " are no target");
  auto job = std::make_shared<PoolJob>();
  job->coinbase = node::build_coinbase(*block_template, extranonce_size, payout_script);
  std::vector<core::Hash256> txids;
  for (const node::TemplateTransaction& transaction : block_template->transactions)
    txids.push_back(transaction.txid);
  job->merkle_branch = node::merkle_branch(txids);
  job->network_target = *network_target;
  job->block_template = std::move(block_template);
  job->notify_work = notify_work_of(*job);
  return job;
}

core::Bytes coinbase_of(const PoolJob& job, core::ByteView extranonce1,
                        core::ByteView extranonce2) {
  core::Bytes coinbase = job.coinbase.prefix;
  node::append(coinbase, extranonce1);
  node::append(coinbase, extranonce2);
  node::append(coinbase, job.coinbase.suffix);
  return coinbase;
}

core::Hash256 merkle_root_of(const PoolJob& job, core::ByteView coinbase) {
  core::Hash256 root = core::sha256d(coinbase);
  for (const core::Hash256& sibling : job.merkle_branch)
    root = node::hash_pair(root, sibling);
  return root;
}

}  // namespace ebb::stratum::server
