#include "cuda/cuda_devices.h"

namespace ebb::cuda {

CudaListing list_cuda_devices() {
  return {{}, "built without CUDA"};
}

}  // namespace ebb::cuda
