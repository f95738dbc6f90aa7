#include "cuda/kernels.cuh"

namespace ebb::cuda {

const void* versions_kernel_64(Form form) {
  return find_kernel<Layout::versions, 64>(form);
}

}  // namespace ebb::cuda
