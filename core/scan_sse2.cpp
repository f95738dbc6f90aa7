#include <emmintrin.h>

#include "core/scan_kernel.h"
#include "core/scan_kernels.h"

namespace ebb::core {
namespace {

typedef std::uint32_t Vector __attribute__((vector_size(16)));

struct Sse2 : Lanes<Vector> {
  using Stored = Word;
  static constexpr std::uint32_t kLanes = 4;
  static Word lane_offsets() { return Word{0, 1, 2, 3} << 24; }
  static std::uint32_t zero_lanes(Word x, std::uint32_t mask) {
    const __m128i zero = _mm_cmpeq_epi32((__m128i)(x & mask), _mm_setzero_si128());
    return static_cast<std::uint32_t>(_mm_movemask_ps(_mm_castsi128_ps(zero)));
  }
};

}  // namespace

ScanResult scan_sse2(const ScanInput& input, std::uint32_t first, std::uint64_t count,
                     Candidate* out, std::uint32_t capacity) noexcept {
  return scan_with<Sse2>(input, first, count, out, capacity);
}

}  // namespace ebb::core
