#pragma once
// The CUDA devices of this machine. No CUDA type is visible: the same header serves a build without
// CUDA, which has no device and says so.

#include <memory>
#include <string>
#include <vector>

#include "core/device.h"

namespace ebb::cuda {

struct CudaListing {
  /// Proven by their self-test, named "cuda:<ordinal>" as the CUDA runtime counts them.
  std::vector<std::unique_ptr<core::Device>> devices;
  /// Why there is none, or why one is missing: "built without CUDA", "no NVIDIA driver",
  /// "cuda:1 failed its self-test: …". Empty when every device is listed.
  std::string reason;
};

/// Opens and proves every CUDA device: about half a second each, for the context and the self-test.
/// Having no driver or no device is not an error. A device may be handed to another thread; it
/// holds GPU memory and a stream until it is destroyed.
CudaListing list_cuda_devices();

}  // namespace ebb::cuda
