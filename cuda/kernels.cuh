#pragma once
// The scans of cuda/warp_scan.h as kernels. Every launch is one wave of blocks whose warps draw
// batches until there is none or they have had their share.

#include "cuda/kernels.h"
#include "cuda/warp_scan.h"

namespace ebb::cuda {
namespace {

/// This thread as one lane of its warp.
class GpuWarp {
 public:
  static constexpr unsigned kLanesHere = 1;

  __device__ GpuWarp(const VersionLead* leads, Row* rows) : leads_(leads), rows_(rows) {}

  __device__ std::uint32_t lane(unsigned) const { return threadIdx.x % kWarpLanes; }
  __device__ const VersionLead* leads() const { return leads_; }
  __device__ Row* rows() const { return rows_; }
  __device__ void sync() const { __syncwarp(); }

  // A batch is taken only after the look at the generation, so whatever was taken is also done.
  __device__ std::uint32_t take(const ScanParams& params) const {
    std::uint32_t batch = kNoBatch;
    if (lane(0) == 0) {
      const volatile std::uint32_t* const generation = &params.state->generation;
      if (*generation == params.generation) batch = atomicAdd(&params.state->taken, 1u);
    }
    batch = __shfl_sync(0xffffffff, batch, 0);
    return batch < params.batches ? batch : kNoBatch;
  }

  __device__ void report(const ScanParams& params, std::uint32_t nonce,
                         std::uint32_t version) const {
    const std::uint32_t slot = atomicAdd(&params.state->found, 1u);
    if (slot < kScanCapacity) params.state->candidates[slot] = {nonce, version};
  }

 private:
  const VersionLead* leads_;
  Row* rows_;
};

// A hit is the only branch inside the loop over nonces: nvcc 12.8 to 13.2 can corrupt registers
// under two nested levels of divergence (CUDA 13.3 release notes).
template <class Scan>
__device__ void run(GpuWarp& warp, const ScanParams& params) {
  Scan scan(warp, params);
  EBB_KEEP_LOOP
  for (std::uint32_t i = 0; i < params.runs; ++i) {
    if (!scan.step()) break;
  }
}

extern __shared__ VersionLead shared_memory[];

template <Form form, unsigned registers>
__global__ void __maxnreg__(registers) scan_versions(const __grid_constant__ ScanParams params) {
  VersionLead* const leads = shared_memory;
  Row* const rows = reinterpret_cast<Row*>(leads + core::kMaxMidstates);
  if (threadIdx.x < core::kMaxMidstates) leads[threadIdx.x].lead = params.leads[threadIdx.x];
  __syncthreads();
  GpuWarp warp(leads, rows + threadIdx.x / kWarpLanes * params.batch);
  run<VersionScan<form, GpuWarp>>(warp, params);
}

template <Form form, unsigned registers>
__global__ void __maxnreg__(registers) scan_nonces(const __grid_constant__ ScanParams params) {
  GpuWarp warp(nullptr, nullptr);
  run<NonceScan<form, GpuWarp>>(warp, params);
}

constexpr bool is_variant(const Variant& wanted) {
  for (const Variant& variant : kVariants) {
    if (variant.layout == wanted.layout && variant.form == wanted.form &&
        variant.registers == wanted.registers)
      return true;
  }
  return false;
}

template <Layout layout, unsigned registers, Form form>
const void* kernel_of_form() {
  if constexpr (!is_variant({layout, form, registers})) {
    return nullptr;
  } else if constexpr (layout == Layout::versions) {
    return reinterpret_cast<const void*>(&scan_versions<form, registers>);
  } else {
    return reinterpret_cast<const void*>(&scan_nonces<form, registers>);
  }
}

/// The kernel of that form, if there is one in kVariants.
template <Layout layout, unsigned registers>
const void* find_kernel(Form form) {
  switch (form) {
    case Form::plain:
      return kernel_of_form<layout, registers, Form::plain>();
    case Form::fma_adds:
      return kernel_of_form<layout, registers, Form::fma_adds>();
    case Form::fma_shifts:
      return kernel_of_form<layout, registers, Form::fma_shifts>();
    case Form::fma_sigma0:
      return kernel_of_form<layout, registers, Form::fma_sigma0>();
  }
  return nullptr;
}

}  // namespace
}  // namespace ebb::cuda
