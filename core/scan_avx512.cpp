#include <immintrin.h>

#include "core/scan_kernel.h"
#include "core/scan_kernels.h"

namespace ebb::core {
namespace {

struct Avx512 {
  typedef std::uint32_t Word __attribute__((vector_size(64)));
  static constexpr std::uint32_t kLanes = 16;
  static Word lane_offsets() {
    return Word{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} << 24;
  }
  static std::uint32_t zero_lanes(Word x) {
    return _mm512_testn_epi32_mask((__m512i)x, (__m512i)x);
  }
};

}  // namespace

ScanResult scan_avx512(const ScanInput& input, std::uint32_t first, std::uint64_t count,
                       Candidate* out, std::uint32_t capacity) noexcept {
  return scan_with<Avx512>(input, first, count, out, capacity);
}

}  // namespace ebb::core
