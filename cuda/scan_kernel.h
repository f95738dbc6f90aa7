#pragma once
// The seam between the host code of a CUDA device, built by the C++ compiler with all its warnings,
// and the kernel, built by nvcc.

#include <cuda_runtime_api.h>

#include "cuda/launch_result.h"

namespace ebb::cuda {

/// Blocks that fill the current device once.
cudaError_t full_grid(unsigned& blocks);

/// Queues on `stream`: nonces first .. first + count - 1 with midstate 0 of `input`, candidates
/// into `result`, which is device memory. Needs 0 < count <= kMaxLaunch. `input` is copied.
cudaError_t launch_scan(const core::ScanInput& input, std::uint32_t first, std::uint32_t count,
                        unsigned blocks, LaunchResult* result, cudaStream_t stream);

}  // namespace ebb::cuda
