#include "cuda/kernels.cuh"

namespace ebb::cuda {

const void* nonces_kernel_64(Form form) {
  return find_kernel<Layout::nonces, 64>(form);
}

}  // namespace ebb::cuda
