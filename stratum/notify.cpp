#include "stratum/notify.h"

namespace ebb::stratum {
namespace {

/// The wire carries the header's eight words in order, but each as a big-endian number: four bytes
/// turn round inside every word.
core::Hash256 prev_hash_from_wire(const std::array<std::uint8_t, 32>& wire) {
  core::Hash256 hash;
  for (std::size_t i = 0; i < wire.size(); i += 4) {
    core::store_le32(&hash.bytes[i], core::load_be32(&wire[i]));
  }
  return hash;
}

}  // namespace

core::Job make_job(const Notify& notify, const JobContext& context) {
  core::Job job;
  job.id = notify.job_id;
  job.pool = context.pool;
  job.session = context.session;
  job.version = notify.version;
  job.version_mask = context.version_mask;
  job.prev_hash = prev_hash_from_wire(notify.prev_hash);
  // The coinbase is hashed as it stands, and the branch combined as it stands: raw digest order.
  job.coinbase_prefix = notify.coinbase1;
  job.coinbase_prefix.insert(job.coinbase_prefix.end(), context.extranonce.extranonce1.begin(),
                             context.extranonce.extranonce1.end());
  job.coinbase_suffix = notify.coinbase2;
  job.extranonce2_size = context.extranonce.extranonce2_size;
  job.merkle_branch = notify.merkle_branch;
  job.time = notify.time;
  job.bits = notify.bits;
  // Both exist: read_notify refuses bits without a target, read_difficulty everything but a finite
  // number above zero.
  job.share_target = core::Target::from_difficulty(context.difficulty).value_or(core::Target());
  job.network_target = core::Target::from_compact(notify.bits).value_or(core::Target());
  job.clean = notify.clean;
  return job;
}

}  // namespace ebb::stratum
