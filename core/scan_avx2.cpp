#include <immintrin.h>

#include "core/scan_kernel.h"
#include "core/scan_kernels.h"

namespace ebb::core {
namespace {

typedef std::uint32_t Vector __attribute__((vector_size(32)));

struct Avx2 : Lanes<Vector> {
  using Stored = Word;
  static constexpr std::uint32_t kLanes = 8;
  static Word lane_offsets() { return Word{0, 1, 2, 3, 4, 5, 6, 7} << 24; }
  static std::uint32_t zero_lanes(Word x, std::uint32_t mask) {
    const __m256i zero = _mm256_cmpeq_epi32((__m256i)(x & mask), _mm256_setzero_si256());
    return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(zero)));
  }
};

}  // namespace

ScanResult scan_avx2(const ScanInput& input, std::uint32_t first, std::uint64_t count,
                     Candidate* out, std::uint32_t capacity) noexcept {
  return scan_with<Avx2>(input, first, count, out, capacity);
}

}  // namespace ebb::core
