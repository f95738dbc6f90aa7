#pragma once
// The scan kernels this program was built with, and the choice between them.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cpu_features.h"
#include "core/scan.h"

namespace ebb::core {

/// A named kernel and what it needs.
struct HashBackend {
  const char* name;
  CpuFeatures needs;
  unsigned lanes;  ///< nonces side by side
  ScanFunction scan;
};

/// Every kernel in this program, fastest first; the scalar one, which needs nothing, is last.
std::span<const HashBackend> compiled_backends();

/// A kernel that could run here but failed its self-test, and how.
struct BackendFailure {
  std::string name;
  std::string reason;
};

struct BackendSelection {
  std::vector<HashBackend> usable;  ///< proven, in the order given
  std::vector<BackendFailure> failed;
  bool scalar_ok = false;  ///< without the oracle's own kernel nothing may be trusted
};

/// Keeps the backends whose needs `features` cover and which pass the self-test.
BackendSelection select_backends(std::span<const HashBackend> backends, CpuFeatures features);

}  // namespace ebb::core
