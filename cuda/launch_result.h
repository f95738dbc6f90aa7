#pragma once
// What kernel and host code share. nvcc reads it: no more includes than needed.

#include "core/scan.h"

namespace ebb::cuda {

/// Candidates one launch can hand back: what every caller has room for.
inline constexpr std::uint32_t kLaunchCapacity = core::kMinCandidateCapacity;

/// Most nonces of one launch: 0.04 s at 7 GH/s and 0.5 s at 0.5 GH/s, well below the seconds after
/// which a driver kills a kernel on a GPU that also drives a display.
inline constexpr std::uint32_t kMaxLaunch = std::uint32_t{1} << 28;

struct LaunchResult {
  std::uint32_t found;  ///< every candidate, also those for which there was no room
  core::Candidate candidates[kLaunchCapacity + 1];  ///< the last one takes what has no room
};

}  // namespace ebb::cuda
