#pragma once
// A backend's kernel at work on a job as pools send them.

#include <vector>

#include "bench/load.h"
#include "core/backend.h"
#include "core/work.h"

namespace ebb::bench {

/// Aligned so that threads share no cache line.
class alignas(64) KernelLoad final : public Load {
 public:
  /// Worker `worker` of `workers`; they hash different headers.
  KernelLoad(const core::HashBackend& backend, unsigned midstates, unsigned worker,
             unsigned workers);

  std::uint64_t hash_some() override;

  /// Every candidate is what the oracle says it is, there were some, and in the last stretch of
  /// nonces the oracle finds the same ones: none was missed.
  bool is_right() const override;

 private:
  bool last_stretch_is_complete() const;

  core::HashBackend backend_;
  core::WorkUnit unit_;
  core::ScanInput input_;
  std::uint64_t next_ = 0;
  core::NonceRange last_;
  std::size_t found_before_last_ = 0;
  std::vector<core::Candidate> buffer_;
  std::vector<core::Candidate> found_;
};

}  // namespace ebb::bench
