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

/// Enumerates one worker's units of a job. What there is to do in a second of the job's time is cut
/// into pieces, one extranonce2 with up to kMaxMidstates versions each, numbered in that order;
/// pieces worker, worker + workers, … are this worker's, and a unit is a piece or, for a device of
/// fewer midstates, part of one. Then the same again one second later, never ahead of the clock.
/// Workers of one job are disjoint without talking to each other, wherever each begins and whatever
/// its midstates. When there are fewer pieces than workers, every worker takes its own slice of the
/// nonces instead.
///
/// Nonce, then versions, then extranonce2, then time: pools judge time the most strictly.
class WorkSource {
 public:
  /// `first_extranonce2`: where to begin counting, wrapping at the end; pass the last source's
  /// next_extranonce2() to go on after a job that did not void the earlier ones.
  /// Needs workers > worker and max_midstates in 1..kMaxMidstates.
  WorkSource(JobPtr job, unsigned worker, unsigned workers, unsigned max_midstates,
             std::uint64_t first_extranonce2 = 0);

  /// The next unit, or nothing when the job is exhausted until more time has passed.
  /// `elapsed_s`: whole seconds since the job arrived; the unit's time is at most that much later
  /// than the job's.
  std::optional<WorkUnit> next(std::uint32_t elapsed_s);

  /// The extranonce2 count after the one of the last unit, wrapping at the end.
  std::uint64_t next_extranonce2() const;

  /// Same work under a new id or target (see same_work): the position is kept.
  void replace_job(JobPtr job) { job_ = std::move(job); }

  const JobPtr& job() const { return job_; }

 private:
  /// The number of this worker's i-th piece, counted from where it began.
  std::uint64_t piece(std::uint64_t i) const {
    return first_piece_ + (start_ + i) % piece_count_ * stride_;
  }

  JobPtr job_;
  unsigned worker_;
  unsigned workers_;
  std::uint32_t group_size_;         ///< versions in a unit
  std::uint32_t piece_size_;         ///< versions in a piece
  std::uint64_t pieces_;             ///< per extranonce2
  std::uint64_t extranonce2_count_;  ///< capped so that piece numbers cannot overflow
  std::uint64_t first_extranonce2_;
  bool split_nonces_;
  // This worker's pieces are first_piece_ + k * stride_ for k < piece_count_, from k = start_ on.
  std::uint64_t first_piece_;
  std::uint64_t stride_;
  std::uint64_t piece_count_;
  std::uint64_t start_;
  std::uint64_t position_ = 0;  ///< units taken in the current second
  std::uint32_t seconds_ = 0;   ///< added to the job's time
};

}  // namespace ebb::core
