#include <immintrin.h>

#include "core/scan_kernels.h"
#include "core/scan_sha_kernel.h"

namespace ebb::core {
namespace {

/// x86's SHA extensions keep f, e, b, a and h, g, d, c, from the lowest lane (Intel SDM volume 2B,
/// SHA256RNDS2).
struct ShaNi {
  struct State {
    Quad feba, hgdc;
  };
  static State make_state(const std::uint32_t (&s)[8]) {
    return {Quad{s[5], s[4], s[1], s[0]}, Quad{s[7], s[6], s[3], s[2]}};
  }
  static State add(State s, State t) { return {s.feba + t.feba, s.hgdc + t.hgdc}; }
  static Quad in_a_and_e(std::uint32_t word) { return Quad{0, word, 0, word}; }
  static State add_to_a_and_e(State s, Quad word) { return {s.feba + word, s.hgdc}; }
  static bool e_is_clear(State s, std::uint32_t mask) {
    return _mm_testz_si128((__m128i)s.feba, (__m128i)Quad{0, mask, 0, 0}) != 0;
  }

  /// Two rounds put the new f, e, b, a in the place of h, g, d, c, which the old ones become.
  static void rounds(State& s, Quad kw) {
    s.hgdc = (Quad)_mm_sha256rnds2_epu32((__m128i)s.hgdc, (__m128i)s.feba, (__m128i)kw);
    const __m128i high = _mm_shuffle_epi32((__m128i)kw, 0x0e);
    s.feba = (Quad)_mm_sha256rnds2_epu32((__m128i)s.feba, (__m128i)s.hgdc, high);
  }
  static void rounds_for_e(State& s, Quad kw) { rounds(s, kw); }

  static Quad sigma0(Quad w0, Quad w4) {
    return (Quad)_mm_sha256msg1_epu32((__m128i)w0, (__m128i)w4);
  }
  static Quad extend(Quad sum, Quad w8, Quad w12) {
    return extend_sparse(sum + (Quad)_mm_alignr_epi8((__m128i)w12, (__m128i)w8, 4), w12);
  }
  static Quad extend_sparse(Quad sum, Quad w12) {
    return (Quad)_mm_sha256msg2_epu32((__m128i)sum, (__m128i)w12);
  }

  static DigestWords digest_words(State s) {
    const __m128i feba = (__m128i)s.feba, hgdc = (__m128i)s.hgdc;
    const Quad padding = {0, 0, kDigestBits, kPad};
    const Quad a_twice = {~0u, 0x0f0e0d0c, ~0u, 0x0f0e0d0c};
    const __m128i ebdc = _mm_castps_si128(
        _mm_shuffle_ps(_mm_castsi128_ps(feba), _mm_castsi128_ps(hgdc), _MM_SHUFFLE(3, 2, 2, 1)));
    const __m128i bcde = _mm_shuffle_epi32(ebdc, _MM_SHUFFLE(0, 2, 3, 1));
    const __m128i fheg = _mm_unpacklo_epi32(feba, hgdc);
    const __m128i fghe = _mm_shuffle_epi32(fheg, _MM_SHUFFLE(2, 1, 3, 0));
    // Word 16 is word 0 + sigma0(word 1), the highest lane here.
    const __m128i w16 = (__m128i)sigma0(s.feba, (Quad)bcde);
    return {{(Quad)bcde, (Quad)_mm_blend_epi16(fghe, (__m128i)padding, 0xc0), Quad{},
             (Quad)_mm_blend_epi16(w16, (__m128i)padding, 0x3f)},
            (Quad)_mm_shuffle_epi8(feba, (__m128i)a_twice)};
  }
};

}  // namespace

ScanResult scan_shani(const ScanInput& input, std::uint32_t first, std::uint64_t count,
                      Candidate* out, std::uint32_t capacity) noexcept {
  return scan_by_rounds<ShaNi>(input, first, count, out, capacity);
}

}  // namespace ebb::core
