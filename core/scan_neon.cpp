#include <arm_neon.h>

#include "core/scan_kernel.h"
#include "core/scan_kernels.h"

namespace ebb::core {
namespace {

typedef std::uint32_t Vector __attribute__((vector_size(16)));

struct Neon : Lanes<Vector> {
  using Stored = std::uint32_t;
  static constexpr std::uint32_t kLanes = 4;
  static Word lane_offsets() { return Word{0, 1, 2, 3} << 24; }
  static std::uint32_t zero_lanes(Word x, std::uint32_t mask) {
    const Word lane_bits = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(vceqzq_u32((uint32x4_t)(x & mask)), (uint32x4_t)lane_bits));
  }
};

}  // namespace

ScanResult scan_neon(const ScanInput& input, std::uint32_t first, std::uint64_t count,
                     Candidate* out, std::uint32_t capacity) noexcept {
  return scan_with<Neon>(input, first, count, out, capacity);
}

}  // namespace ebb::core
