#pragma once
// How fast a card scans with a tuning, for those who choose one.

#include "cuda/autotune.h"
#include "cuda/cuda_device.h"

namespace ebb::cuda {

/// `device` must outlive the trial, and needs a tune() after it. Each variant is compared with the
/// known answers before its first turn.
Trial make_trial(CudaDevice& device);

}  // namespace ebb::cuda
