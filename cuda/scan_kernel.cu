#include "core/scan_kernel.h"

#include "cuda/scan_kernel.h"

namespace ebb::cuda {
namespace {

constexpr unsigned kThreads = 256;

/// All that a launch needs, so that launches share nothing but their result.
struct Params {
  core::Uniforms uniforms;
  core::Lead lead;
  std::uint32_t zero_mask;
  std::uint32_t first;
  std::uint32_t count;
};

// The loop is uniform in a block and a hit is the only branch that splits a warp: nvcc 12.8 to 13.2
// can corrupt registers under two nested levels of divergence (CUDA 13.3 release notes).
__global__ void __launch_bounds__(kThreads)
    scan_nonces(const __grid_constant__ Params params, LaunchResult* result) {
  const std::uint32_t stride = gridDim.x * kThreads;
  for (std::uint32_t base = blockIdx.x * kThreads; base < params.count; base += stride) {
    const std::uint32_t index = base + threadIdx.x;
    const std::uint32_t nonce = params.first + index;
    const std::uint32_t w3 = __byte_perm(nonce, 0, 0x0123);
    std::uint32_t w[64];
    core::SharedSchedule<std::uint32_t> shared;
    core::extend_shared<core::kFirstShared>(params.uniforms, w3, w, shared);
    const std::uint32_t last = core::last_digest_word(params.lead, params.uniforms, w3, shared);
    if (((last & params.zero_mask) == 0) & (index < params.count)) {
      const std::uint32_t slot = atomicAdd(&result->found, 1u);
      result->candidates[min(slot, kLaunchCapacity)] = {nonce, 0};
    }
  }
}

}  // namespace

cudaError_t full_grid(unsigned& blocks) {
  int device = 0, processors = 0, blocks_each = 0;
  cudaError_t error = cudaGetDevice(&device);
  if (!error) error = cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
  if (!error) {
    error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks_each, scan_nonces, kThreads, 0);
  }
  blocks = static_cast<unsigned>(processors * blocks_each);
  return error;
}

cudaError_t launch_scan(const core::ScanInput& input, std::uint32_t first, std::uint32_t count,
                        unsigned blocks, LaunchResult* result, cudaStream_t stream) {
  const Params params{core::make_uniforms(input), core::make_lead(input, 0), input.zero_mask, first,
                      count};
  const unsigned useful = (count + kThreads - 1) / kThreads;
  const cudaError_t error = cudaMemsetAsync(&result->found, 0, sizeof result->found, stream);
  if (error != cudaSuccess) return error;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(blocks < useful ? blocks : useful);
  config.blockDim = dim3(kThreads);
  config.stream = stream;
  return cudaLaunchKernelEx(&config, scan_nonces, params, result);
}

}  // namespace ebb::cuda
