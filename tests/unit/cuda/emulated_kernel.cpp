// Compiled without sanitizers, whatever the other tests are: with them GCC 12 takes minutes for the
// unrolled rounds. It writes to fixed places in its own rows and in the scan's state only.

#include "tests/unit/cuda/emulated_kernel.h"

#include "cuda/warp_scan.h"

namespace ebb::test {
namespace {

/// A warp, its 32 lanes one after the other.
class HostWarp {
 public:
  static constexpr unsigned kLanesHere = 32;

  explicit HostWarp(const cuda::ScanParams& params) {
    for (unsigned i = 0; i < core::kMaxMidstates; ++i)
      leads_[i].lead = params.leads[i];
  }

  std::uint32_t lane(unsigned i) const { return i; }
  const cuda::VersionLead* leads() const { return leads_; }
  cuda::Row* rows() { return rows_; }
  void sync() const {}

  std::uint32_t take(const cuda::ScanParams& params) {
    if (params.state->generation != params.generation) return cuda::kNoBatch;
    const std::uint32_t batch = params.state->taken++;
    return batch < params.batches ? batch : cuda::kNoBatch;
  }

  void report(const cuda::ScanParams& params, std::uint32_t nonce, std::uint32_t version) {
    const std::uint32_t slot = params.state->found++;
    if (slot < cuda::kScanCapacity) params.state->candidates[slot] = {nonce, version};
  }

 private:
  cuda::VersionLead leads_[core::kMaxMidstates];
  cuda::Row rows_[cuda::kMaxRows];
};

template <class Scan>
class KernelOf final : public Kernel {
 public:
  explicit KernelOf(const cuda::ScanParams& params)
      : params_(params), warp_(params), scan_(warp_, params_) {}
  bool step() override { return scan_.step(); }

 private:
  cuda::ScanParams params_;
  HostWarp warp_;
  Scan scan_;
};

template <cuda::Form form>
std::unique_ptr<Kernel> make_kernel_of(cuda::Layout layout, const cuda::ScanParams& params) {
  if (layout == cuda::Layout::versions)
    return std::make_unique<KernelOf<cuda::VersionScan<form, HostWarp>>>(params);
  return std::make_unique<KernelOf<cuda::NonceScan<form, HostWarp>>>(params);
}

}  // namespace

std::unique_ptr<Kernel> make_kernel(const cuda::Variant& variant, const cuda::ScanParams& params) {
  switch (variant.form) {
    case cuda::Form::plain:
      return make_kernel_of<cuda::Form::plain>(variant.layout, params);
    case cuda::Form::fma_adds:
      return make_kernel_of<cuda::Form::fma_adds>(variant.layout, params);
    case cuda::Form::fma_shifts:
      return make_kernel_of<cuda::Form::fma_shifts>(variant.layout, params);
    case cuda::Form::fma_sigma0:
      return make_kernel_of<cuda::Form::fma_sigma0>(variant.layout, params);
  }
  return nullptr;
}

}  // namespace ebb::test
