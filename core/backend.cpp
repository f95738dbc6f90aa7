#include "core/backend.h"

#include "core/scan_kernels.h"
#include "core/self_test.h"

namespace ebb::core {
namespace {

constexpr HashBackend kBackends[] = {
#if defined(__x86_64__)
    {"avx512", kAvx512, 16, scan_avx512},    {"shani", kShaNi, 1, scan_shani},
    {"avx2", kAvx2, 8, scan_avx2},           {"sse2", kSse2, 4, scan_sse2},
#elif defined(__aarch64__)
    {"armv8", kArmSha2, 1, scan_armv8},
    {"neon", kNeon, 4, scan_neon},
#endif
    {"scalar", kNoFeatures, 1, scan_scalar},
};

}  // namespace

std::span<const HashBackend> compiled_backends() {
  return kBackends;
}

BackendSelection select_backends(std::span<const HashBackend> backends, CpuFeatures features) {
  BackendSelection selection;
  for (const HashBackend& backend : backends) {
    if ((backend.needs & ~features) != 0) continue;
    if (auto reason = self_test(backend)) {
      selection.failed.push_back({backend.name, std::move(*reason)});
    } else {
      selection.usable.push_back(backend);
      if (backend.needs == kNoFeatures) selection.scalar_ok = true;
    }
  }
  return selection;
}

}  // namespace ebb::core
