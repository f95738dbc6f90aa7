#include "cuda/runtime.h"

namespace ebb::cuda {

std::unique_ptr<Runtime> make_runtime(std::string& reason) {
  reason = "built without CUDA";
  return nullptr;
}

}  // namespace ebb::cuda
