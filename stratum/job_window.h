#pragma once
// The jobs of one session for which shares may still be submitted.

#include <cstdint>
#include <deque>

#include "core/job.h"

namespace ebb::stratum {

/// Everything since the last clean job or new block, newest last, at most kMaxJobs of them.
class JobWindow {
 public:
  /// datum and ckpool send a job about every 20 to 30 s; 64 of them outlive any block.
  static constexpr std::size_t kMaxJobs = 64;

  /// Takes a job as the pool sent it. A clean flag or another prev_hash voids all others. Returns
  /// the job to work on, with `clean` settled, or null when it is the current one sent once more:
  /// starting that afresh would find the same shares again (ESP-Miner #1587).
  core::JobPtr add(core::Job job);

  /// The first job after the session was resumed on a new connection; never null. Pools mark the
  /// first job of any connection clean, which says nothing of the block's other jobs: only another
  /// prev_hash voids these.
  core::JobPtr add_resumed(core::Job job);

  /// The current job again with another version mask, not clean; null when there is no job.
  core::JobPtr set_version_mask(std::uint32_t mask);

  /// True when the job, or one that differs from it only in its version mask and targets, is kept
  /// under the same id.
  bool contains(const core::Job& job) const;

  std::size_t size() const { return jobs_.size(); }

 private:
  core::JobPtr keep(core::Job job);

  std::deque<core::JobPtr> jobs_;
};

}  // namespace ebb::stratum
