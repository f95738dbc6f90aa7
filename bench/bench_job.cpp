#include "bench/bench_job.h"

namespace ebb::bench {

core::JobPtr bench_job(double share_difficulty) {
  core::Job job;
  job.id = "bench";
  job.version = 0x20000000;
  job.version_mask = 0x1fffe000;
  job.coinbase_prefix.assign(60, 0x5a);
  job.coinbase_suffix.assign(90, 0xa5);
  job.extranonce2_size = 8;
  job.time = 1'700'000'000;
  job.bits = 0x1d00ffff;
  job.share_target = *core::Target::from_difficulty(share_difficulty);
  job.network_target = *core::Target::from_compact(job.bits);
  return std::make_shared<const core::Job>(std::move(job));
}

}  // namespace ebb::bench
