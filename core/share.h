#pragma once
// Judging a candidate with code that shares nothing with the kernels.

#include <cstdint>

#include "core/work.h"

namespace ebb::core {

/// A verified candidate, with all a protocol needs to submit it.
struct Share {
  JobPtr job;
  std::array<std::uint8_t, kMaxExtranonce2> extranonce2_bytes{};
  Header header;
  Hash256 hash;

  ByteView extranonce2() const { return {extranonce2_bytes.data(), job->extranonce2_size}; }
  double difficulty() const { return difficulty_of(hash); }
  bool solves_block() const { return job->network_target.is_met_by(hash); }
};

/// True when a's hash is the smaller number.
bool is_better(const Share& a, const Share& b);

enum class Verdict {
  share,         ///< meets the job's submit target
  above_target,  ///< passed the kernel's filter, which is coarser than the target
  corrupt,       ///< fails the kernel's own filter: the device computed wrongly
};

struct Verification {
  Verdict verdict = Verdict::corrupt;
  Share share;  ///< filled whatever the verdict, except for an impossible midstate index
};

/// Re-hashes the candidate's header with the scalar oracle.
Verification verify(const WorkUnit& unit, const Candidate& candidate);

}  // namespace ebb::core
