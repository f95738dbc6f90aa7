#pragma once
// The words of the CUDA kernels: which of a GPU's two integer pipes does which operation.
//
// Shifts, rotations and logic run on the ALU pipe alone, and a plain add does too. On compute
// capability 7.5 to 10.3 that pipe is the limit, and the pipe that multiplies idles. An add is also
// a multiplication by one and an add, a shift right the high half of a multiplication by a power of
// two; the compiler leaves both as they stand when it cannot know the factor. On 12.x plain adds
// run twice as fast, so which form is best is measured on the card (cuda/autotune.h).

#include <cstdint>

#include "core/lanes.h"

namespace ebb::cuda {

enum class Form : std::uint8_t {
  plain,       ///< as the compiler likes it
  fma_adds,    ///< adds multiply
  fma_shifts,  ///< and so do the shifts in the schedules' sigmas
  fma_sigma0,  ///< and the last rotation of Sigma0, which an add follows
};
inline constexpr Form kForms[] = {Form::plain, Form::fma_adds, Form::fma_shifts, Form::fma_sigma0};

namespace {

/// What the compiler must not know: 1 and powers of two. The GPU's copy may be written by the host
/// at any time, as far as the compiler can tell.
struct Factors {
  std::uint32_t one = 1;
  std::uint32_t shift_3 = 1u << 29, shift_10 = 1u << 22;  ///< x * it >> 32 is x >> 3, x >> 10
  std::uint32_t rotate_2 = 1u << 30;                      ///< the halves of x * it make rotr(x, 2)
};
#ifdef __CUDACC__
__constant__ Factors gpu_factors;
#endif

EBB_INLINE Factors factors() {
#ifdef __CUDA_ARCH__
  return gpu_factors;
#else
  return {};
#endif
}

EBB_INLINE std::uint32_t multiply_add(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
#ifdef __CUDA_ARCH__
  // Of `a * one + b` in C++ the optimizer may make something else.
  std::uint32_t result;
  asm("mad.lo.u32 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(c));
  return result;
#else
  return a * b + c;
#endif
}

EBB_INLINE std::uint32_t multiply_high(std::uint32_t a, std::uint32_t b) {
#ifdef __CUDA_ARCH__
  return __umulhi(a, b);
#else
  return static_cast<std::uint32_t>(std::uint64_t{a} * b >> 32);
#endif
}

template <Form form>
struct Word {
  std::uint32_t bits;

  Word() = default;
  EBB_INLINE constexpr Word(std::uint32_t value) : bits(value) {}  // NOLINT: a word is a number

  friend EBB_INLINE Word operator+(Word a, Word b) {
    if constexpr (form == Form::plain) return a.bits + b.bits;
    return multiply_add(a.bits, factors().one, b.bits);
  }
  EBB_INLINE Word& operator+=(Word other) { return *this = *this + other; }
  friend EBB_INLINE constexpr Word operator^(Word a, Word b) { return a.bits ^ b.bits; }
  friend EBB_INLINE constexpr Word operator&(Word a, Word b) { return a.bits & b.bits; }
  friend EBB_INLINE constexpr Word operator|(Word a, Word b) { return a.bits | b.bits; }
  friend EBB_INLINE constexpr Word operator>>(Word a, int n) { return a.bits >> n; }
  friend EBB_INLINE constexpr Word operator<<(Word a, int n) { return a.bits << n; }
};

/// SHA-256's functions on one lane of a warp.
template <Form form>
struct Gpu : core::Lanes<Word<form>> {
  using Word = cuda::Word<form>;
  using Stored = Word;
  using Base = core::Lanes<Word>;

  /// One operation of three inputs, so there is nothing to hand on.
  static EBB_INLINE Word majority(Word a, Word b, Word c, Word&) { return (a & b) | (c & (a | b)); }

  static EBB_INLINE Word small_sigma0(Word x) {
    if constexpr (form < Form::fma_shifts) return Base::small_sigma0(x);
    return Base::rotr(x, 7) ^ Base::rotr(x, 18) ^ multiply_high(x.bits, factors().shift_3);
  }
  static EBB_INLINE Word small_sigma1(Word x) {
    if constexpr (form < Form::fma_shifts) return Base::small_sigma1(x);
    return Base::rotr(x, 17) ^ Base::rotr(x, 19) ^ multiply_high(x.bits, factors().shift_10);
  }

  /// Sigma0 is rotr(y, 2) of some y. A rotation's halves have no bit in common, so they can be
  /// added to the sum one by one.
  template <class Isa>
  static EBB_INLINE Word add_big_sigma0(Word sum, Word x) {
    if constexpr (form < Form::fma_sigma0) return sum + Base::big_sigma0(x);
    const Word y = x ^ Base::rotr(x, 11) ^ Base::rotr(x, 20);
    const std::uint32_t factor = factors().rotate_2;
    return Word(multiply_add(y.bits, factor, sum.bits)) + multiply_high(y.bits, factor);
  }
};

}  // namespace
}  // namespace ebb::cuda
