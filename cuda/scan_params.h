#pragma once
// What the host hands to a launch and gets back. nvcc reads it: no more includes than needed.

#include "core/trial.h"

namespace ebb::cuda {

inline constexpr std::uint32_t kWarpLanes = 32;

/// Candidates that one scan can hand back: what every caller of Device::scan has room for.
inline constexpr std::uint32_t kScanCapacity = core::kMinCandidateCapacity;

/// A scan's state in GPU memory, shared by its launches.
struct ScanState {
  std::uint32_t generation;  ///< a launch of another one takes no further batch
  std::uint32_t taken;       ///< batches taken; every one of them is also finished by its warp
  std::uint32_t found;       ///< every candidate, also those there was no room for
  core::Candidate candidates[kScanCapacity];
};

/// Everything that a launch needs, so that launches share nothing but the state.
struct ScanParams {
  ScanState* state;
  std::uint32_t generation;
  std::uint32_t first;  ///< nonce
  std::uint32_t batch;  ///< nonces in a batch, a power of two: see the kernels
  std::uint32_t batches;
  std::uint32_t runs;  ///< most batches that one warp takes
  std::uint32_t threshold;
  std::uint32_t version_bits;  ///< lanes hold 2^it versions; the last ones may be none
  core::Uniforms uniforms;
  core::Lead<std::uint32_t> leads[core::kMaxMidstates];
};
static_assert(sizeof(ScanParams) < 4096);  // kernel parameters may not be larger on older drivers

}  // namespace ebb::cuda
