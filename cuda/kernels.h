#pragma once
// The seam between the host code and the kernels, which nvcc builds. A kernel is named by the
// address of its function, as cudaLaunchKernel takes it; null where there is none of that form.

#include "cuda/variant.h"

namespace ebb::cuda {

const void* versions_kernel_64(Form form);
const void* versions_kernel_48(Form form);
const void* nonces_kernel_64(Form form);

}  // namespace ebb::cuda
