#include "core/trial.h"
#include "cuda/scan_kernel.h"

namespace ebb::cuda {
namespace {

constexpr unsigned kThreads = 256;

struct Cuda : core::Lanes<std::uint32_t> {
  using Stored = std::uint32_t;
};

/// All that a launch needs, so that launches share nothing but their result.
struct Params {
  core::Uniforms uniforms;
  core::Lead<std::uint32_t> lead;
  std::uint32_t zero_mask;
  std::uint32_t first;
  std::uint32_t count;
};

/// Last digest word of SHA-256d for one nonce; straight code, all in registers.
__device__ std::uint32_t last_digest_word(const Params& params, std::uint32_t w3) {
  core::Schedule<std::uint32_t> block;
  core::fill_uniform_words<4>(params.uniforms, block);
  core::extend_block<Cuda>(params.uniforms, w3, block);
  auto s = core::begin_hash1<Cuda>(params.lead, w3, block);
  core::rounds<Cuda, 8, 64>(s, block);
  std::uint32_t digest[8];
  core::end_hash1(s, params.lead, digest);

  const core::ConstantsInCode<std::uint32_t> constants;
  core::Schedule<std::uint32_t> message;
  core::fill_padding_words<8>(constants, message);
  core::extend_digest<Cuda>(digest, constants, message);
  s = core::begin_hash2(digest[0], constants);
  core::rounds<Cuda, 1, 57>(s, message);
  return core::end_hash2<Cuda>(s, message);
}

// The loop is uniform in a block and a hit is the only branch that splits a warp: nvcc 12.8 to 13.2
// can corrupt registers under two nested levels of divergence (CUDA 13.3 release notes).
__global__ void __launch_bounds__(kThreads)
    scan_nonces(const __grid_constant__ Params params, LaunchResult* result) {
  const std::uint32_t stride = gridDim.x * kThreads;
  for (std::uint32_t base = blockIdx.x * kThreads; base < params.count; base += stride) {
    const std::uint32_t index = base + threadIdx.x;
    const std::uint32_t nonce = params.first + index;
    const std::uint32_t w3 = __byte_perm(nonce, 0, 0x0123);
    const std::uint32_t last = last_digest_word(params, w3);
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
  const Params params{core::make_uniforms(input), core::make_lead<std::uint32_t>(input, 0),
                      input.zero_mask, first, count};
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
