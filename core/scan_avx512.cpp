#include <immintrin.h>

#include "core/scan_kernel.h"
#include "core/scan_kernels.h"

namespace ebb::core {
namespace {

typedef std::uint32_t Vector __attribute__((vector_size(64)));

struct Avx512 : Lanes<Vector> {
  using Stored = std::uint32_t;
  static constexpr std::uint32_t kLanes = 16;
  static Word lane_offsets() {
    return Word{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} << 24;
  }
  static std::uint32_t zero_lanes(Word x, std::uint32_t mask) {
    return _mm512_testn_epi32_mask((__m512i)x, (__m512i)(Word{} + mask));
  }

  // Any function of three words is one instruction, named by its truth table.
  template <int table>
  static EBB_INLINE Word logic(Word x, Word y, Word z) {
    return (Word)_mm512_ternarylogic_epi32((__m512i)x, (__m512i)y, (__m512i)z, table);
  }
  static EBB_INLINE Word xor3(Word x, Word y, Word z) { return logic<0x96>(x, y, z); }
  static EBB_INLINE Word big_sigma0(Word x) { return xor3(rotr(x, 2), rotr(x, 13), rotr(x, 22)); }
  static EBB_INLINE Word big_sigma1(Word x) { return xor3(rotr(x, 6), rotr(x, 11), rotr(x, 25)); }
  static EBB_INLINE Word small_sigma0(Word x) { return xor3(rotr(x, 7), rotr(x, 18), x >> 3); }
  static EBB_INLINE Word small_sigma1(Word x) { return xor3(rotr(x, 17), rotr(x, 19), x >> 10); }
  static EBB_INLINE Word choose(Word e, Word f, Word g) { return logic<0xca>(e, f, g); }
  static EBB_INLINE Word majority(Word a, Word b, Word c, Word&) { return logic<0xe8>(a, b, c); }
};

}  // namespace

ScanResult scan_avx512(const ScanInput& input, std::uint32_t first, std::uint64_t count,
                       Candidate* out, std::uint32_t capacity) noexcept {
  return scan_with<Avx512>(input, first, count, out, capacity);
}

}  // namespace ebb::core
