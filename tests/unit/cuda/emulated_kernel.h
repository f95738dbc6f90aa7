#pragma once
// The kernels' source, run on this thread by an emulated warp.

#include <memory>

#include "cuda/scan_params.h"
#include "cuda/variant.h"

namespace ebb::test {

/// A warp that runs a variant's kernel.
class Kernel {
 public:
  virtual ~Kernel() = default;
  /// The next batch; false when there is none.
  virtual bool step() = 0;
};

/// `params` is copied.
std::unique_ptr<Kernel> make_kernel(const cuda::Variant& variant, const cuda::ScanParams& params);

}  // namespace ebb::test
