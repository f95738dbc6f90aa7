#include "cuda/kernels.cuh"

namespace ebb::cuda {

const void* versions_kernel_48(Form form) {
  return find_kernel<Layout::versions, 48>(form);
}

}  // namespace ebb::cuda
