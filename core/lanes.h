#pragma once
// SHA-256's functions (FIPS 180-4, 4.1.2) on vectors of 32-bit lanes, by the operators that every
// vector type has. An instruction set with something better derives from Lanes and hides it.
//
// Everything lives in an unnamed namespace: an ISA object must emit no symbol that the linker could
// pick for code that runs on older CPUs.

#include <cstdint>

#include "core/inline.h"

namespace ebb::core {
namespace {

template <class W>
struct Lanes {
  using Word = W;

  static constexpr EBB_INLINE Word rotr(Word x, int n) { return (x >> n) | (x << (32 - n)); }
  static constexpr EBB_INLINE Word big_sigma0(Word x) {
    return rotr(x, 2) ^ rotr(x, 13) ^ rotr(x, 22);
  }
  static constexpr EBB_INLINE Word big_sigma1(Word x) {
    return rotr(x, 6) ^ rotr(x, 11) ^ rotr(x, 25);
  }
  static constexpr EBB_INLINE Word small_sigma0(Word x) {
    return rotr(x, 7) ^ rotr(x, 18) ^ (x >> 3);
  }
  static constexpr EBB_INLINE Word small_sigma1(Word x) {
    return rotr(x, 17) ^ rotr(x, 19) ^ (x >> 10);
  }
  /// For who can add a rotation for less than it and an add cost. `Isa`: the one that derives.
  template <class Isa>
  static constexpr EBB_INLINE Word add_big_sigma0(Word sum, Word x) {
    return sum + Isa::big_sigma0(x);
  }
  static constexpr EBB_INLINE Word choose(Word e, Word f, Word g) { return g ^ (e & (f ^ g)); }

  /// Maj in three operations instead of four: a ^ b is the next round's b ^ c, and is handed on in
  /// `b_xor_c`.
  static constexpr EBB_INLINE Word majority(Word a, Word b, Word /*c*/, Word& b_xor_c) {
    const Word a_xor_b = a ^ b;
    const Word result = b ^ (a_xor_b & b_xor_c);
    b_xor_c = a_xor_b;
    return result;
  }
};

/// The eight working variables, named: GCC 12 spills when they are an array.
template <class Word>
struct Working {
  Word a, b, c, d, e, f, g, h;
  Word b_xor_c;  ///< see Lanes::majority
};

/// One round without moving variables: afterwards h holds the new a and d the new e.
template <class Isa, class Word = typename Isa::Word>
EBB_INLINE void round_in_place(Word a, Word b, Word c, Word& d, Word e, Word f, Word g, Word& h,
                               Word kw, Word& b_xor_c) {
  const Word t1 = h + kw + Isa::choose(e, f, g) + Isa::big_sigma1(e);
  d += t1;
  h = Isa::template add_big_sigma0<Isa>(t1 + Isa::majority(a, b, c, b_xor_c), a);
}

/// Round t, whose message word and constant add up to `kw`, with the variables' roles rotated by t
/// instead of their values.
template <class Isa, int t, class Word = typename Isa::Word>
EBB_INLINE void round_at(Working<Word>& s, Word kw) {
  constexpr auto kRun = round_in_place<Isa, Word>;
  if constexpr (t % 8 == 0) kRun(s.a, s.b, s.c, s.d, s.e, s.f, s.g, s.h, kw, s.b_xor_c);
  if constexpr (t % 8 == 1) kRun(s.h, s.a, s.b, s.c, s.d, s.e, s.f, s.g, kw, s.b_xor_c);
  if constexpr (t % 8 == 2) kRun(s.g, s.h, s.a, s.b, s.c, s.d, s.e, s.f, kw, s.b_xor_c);
  if constexpr (t % 8 == 3) kRun(s.f, s.g, s.h, s.a, s.b, s.c, s.d, s.e, kw, s.b_xor_c);
  if constexpr (t % 8 == 4) kRun(s.e, s.f, s.g, s.h, s.a, s.b, s.c, s.d, kw, s.b_xor_c);
  if constexpr (t % 8 == 5) kRun(s.d, s.e, s.f, s.g, s.h, s.a, s.b, s.c, kw, s.b_xor_c);
  if constexpr (t % 8 == 6) kRun(s.c, s.d, s.e, s.f, s.g, s.h, s.a, s.b, kw, s.b_xor_c);
  if constexpr (t % 8 == 7) kRun(s.b, s.c, s.d, s.e, s.f, s.g, s.h, s.a, kw, s.b_xor_c);
}

}  // namespace
}  // namespace ebb::core
