#pragma once
// From a job to the units that devices scan: which extranonce2, which versions, which nonces.

#include <array>
#include <cstdint>
#include <optional>

#include "core/header.h"
#include "core/job.h"
#include "core/scan.h"

namespace ebb::core {

/// Nonces first .. first + count - 1; count <= 2^32.
struct NonceRange {
  std::uint32_t first = 0;
  std::uint64_t count = 0;
};

/// One scan's worth of headers: a job with its extranonce2, time and group of versions chosen.
struct WorkUnit {
  JobPtr job;
  std::array<std::uint8_t, kMaxExtranonce2> extranonce2_bytes{};
  std::uint32_t time = 0;
  std::uint32_t version_count = 0;
  std::array<std::uint32_t, kMaxMidstates> versions{};
  Hash256 merkle_root;
  NonceRange nonces;

  ByteView extranonce2() const { return {extranonce2_bytes.data(), job->extranonce2_size}; }

  /// The header that `candidate` claims to solve. `candidate.midstate` must be < version_count.
  Header header(const Candidate& candidate) const;

  ScanInput scan_input() const;
};

/// Enumerates one worker's units of a job: roll indices worker, worker + workers, … over
/// (extranonce2 x groups of versions), then the same again one second later, never ahead of the
/// clock. Workers of one job are disjoint without talking to each other. When there are fewer
/// indices than workers, every worker takes its own slice of the nonces instead.
///
/// Nonce, then versions, then extranonce2, then time: pools judge time the most strictly.
class WorkSource {
 public:
  /// `first_extranonce2`: where to begin counting; pass the last source's next_extranonce2() to
  /// go on after a job that did not void the earlier ones.
  /// Needs workers > worker and max_midstates in 1..kMaxMidstates.
  WorkSource(JobPtr job, unsigned worker, unsigned workers, unsigned max_midstates,
             std::uint64_t first_extranonce2 = 0);

  /// The next unit, or nothing when the job is exhausted until more time has passed.
  /// `elapsed_s`: whole seconds since the job arrived; the unit's time is at most that much later
  /// than the job's.
  std::optional<WorkUnit> next(std::uint32_t elapsed_s);

  /// First extranonce2 count that no unit of this source has touched.
  std::uint64_t next_extranonce2() const;

  /// Same work under a new id or target (see same_work): the position is kept.
  void replace_job(JobPtr job) { job_ = std::move(job); }

  const JobPtr& job() const { return job_; }

 private:
  std::uint64_t indices_per_second() const { return extranonce2_count_ * version_groups_; }

  JobPtr job_;
  unsigned worker_;
  unsigned workers_;
  std::uint32_t group_size_;
  std::uint64_t version_groups_;
  std::uint64_t extranonce2_count_;  ///< capped so that index arithmetic cannot overflow
  std::uint64_t first_extranonce2_;
  bool split_nonces_;
  std::uint64_t position_ = 0;  ///< units taken in the current second
  std::uint32_t seconds_ = 0;   ///< added to the job's time
};

}  // namespace ebb::core
