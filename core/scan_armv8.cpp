#include <arm_neon.h>

#include "core/scan_kernels.h"
#include "core/scan_sha_kernel.h"

namespace ebb::core {
namespace {

/// ARMv8's cryptographic extension keeps a, b, c, d and e, f, g, h, from the lowest lane (ARM ARM,
/// C7.2, SHA256H and SHA256H2).
struct ArmSha2 {
  struct State {
    Quad abcd, efgh;
  };
  static State make_state(const std::uint32_t (&s)[8]) {
    return {Quad{s[0], s[1], s[2], s[3]}, Quad{s[4], s[5], s[6], s[7]}};
  }
  static State add(State s, State t) { return {s.abcd + t.abcd, s.efgh + t.efgh}; }
  static Quad in_a_and_e(std::uint32_t word) { return Quad{word, 0, 0, 0}; }
  static State add_to_a_and_e(State s, Quad word) { return {s.abcd + word, s.efgh + word}; }
  static bool e_is_clear(State s, std::uint32_t mask) { return (s.efgh[0] & mask) == 0; }

  static void rounds(State& s, Quad kw) {
    const auto abcd = (uint32x4_t)s.abcd, efgh = (uint32x4_t)s.efgh;
    s.abcd = (Quad)vsha256hq_u32(abcd, efgh, (uint32x4_t)kw);
    s.efgh = (Quad)vsha256h2q_u32(efgh, abcd, (uint32x4_t)kw);
  }
  static void rounds_for_e(State& s, Quad kw) {
    s.efgh = (Quad)vsha256h2q_u32((uint32x4_t)s.efgh, (uint32x4_t)s.abcd, (uint32x4_t)kw);
  }

  static Quad sigma0(Quad w0, Quad w4) {
    return (Quad)vsha256su0q_u32((uint32x4_t)w0, (uint32x4_t)w4);
  }
  static Quad extend(Quad sum, Quad w8, Quad w12) {
    return (Quad)vsha256su1q_u32((uint32x4_t)sum, (uint32x4_t)w8, (uint32x4_t)w12);
  }
  static Quad extend_sparse(Quad sum, Quad w12) { return extend(sum, Quad{}, w12); }

  static DigestWords digest_words(State s) {
    const auto abcd = (uint32x4_t)s.abcd, efgh = (uint32x4_t)s.efgh;
    const Quad after_w7 = {kPad, 0, 0, 0}, before_w16 = {0, 0, 0, kDigestBits};
    // Word 16 is word 0 + sigma0(word 1), the lowest lane here.
    const auto w16 = vsha256su0q_u32(abcd, efgh);
    const Quad only_a = {~0u, 0, 0, 0};
    return {{(Quad)vextq_u32(abcd, efgh, 1), (Quad)vextq_u32(efgh, (uint32x4_t)after_w7, 1), Quad{},
             (Quad)vextq_u32((uint32x4_t)before_w16, w16, 1)},
            s.abcd & only_a};
  }
};

}  // namespace

ScanResult scan_armv8(const ScanInput& input, std::uint32_t first, std::uint64_t count,
                      Candidate* out, std::uint32_t capacity) noexcept {
  return scan_by_rounds<ArmSha2>(input, first, count, out, capacity);
}

}  // namespace ebb::core
