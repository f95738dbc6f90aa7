#pragma once
// The two message schedules of a nonce trial: words of the header's second block, and words of the
// message that is the first hash's digest. Each word is stored with its round constant added, as a
// round wants it. What is constant or the same for every nonce is folded into other words.

#include "core/lanes.h"
#include "core/scan.h"
#include "core/sha256_constants.h"

namespace ebb::core {

/// Words of the second block, or parts of them, that the nonce does not touch.
struct Uniforms {
  std::uint32_t w16, w17;  ///< W16, W17
  std::uint32_t u18, u19;  ///< W18 = u18 + sigma0(W3), W19 = u19 + W3
  std::uint32_t u31, u32;  ///< W31 and W32 less their terms in later words
};

namespace {

// FIPS 180-4's table as constants: device code may not read a host array, even a constexpr one.
template <int t>
constexpr std::uint32_t kRound = kSha256K[t];
/// A schedule with the round constants added, indexed by round.
template <class Word>
struct Schedule {
  Word kw[64];
};

EBB_INLINE Uniforms make_uniforms(const ScanInput& input) {
  using Scalar = Lanes<std::uint32_t>;
  const std::uint32_t w0 = input.tail[0], w1 = input.tail[1], w2 = input.tail[2];
  Uniforms u;
  u.w16 = w0 + Scalar::small_sigma0(w1);
  u.w17 = w1 + Scalar::small_sigma0(w2) + Scalar::small_sigma1(kHeaderBits);
  u.u18 = w2 + Scalar::small_sigma1(u.w16);
  u.u19 = Scalar::small_sigma1(u.w17) + Scalar::small_sigma0(kPad);
  u.u31 = Scalar::small_sigma0(u.w16) + kHeaderBits;
  u.u32 = Scalar::small_sigma0(u.w17) + u.w16;
  return u;
}

/// Words 4..17: the same for every nonce.
template <int t, class Word>
EBB_INLINE void fill_uniform_words(const Uniforms& u, Schedule<Word>& out) {
  if constexpr (t < 18) {
    constexpr std::uint32_t kPadding = t == 4 ? kPad : t == 15 ? kHeaderBits : 0;
    const std::uint32_t word = t == 16 ? u.w16 : t == 17 ? u.w17 : kPadding;
    out.kw[t] = Word{} + (kRound<t> + word);
    fill_uniform_words<t + 1>(u, out);
  }
}

/// Words t..end - 1 of the second block; w[18]..w[t - 1] are there. Every midstate of the scan uses
/// them. By halves: compilers take the square of the depth of inlining.
template <class Isa, int t, int end, class Word = typename Isa::Word>
EBB_INLINE void extend_block(const Uniforms& u, Word w3, Word (&w)[64], Schedule<Word>& out) {
  if constexpr (end - t > 1) {
    extend_block<Isa, t, (t + end) / 2>(u, w3, w, out);
    extend_block<Isa, (t + end) / 2, end>(u, w3, w, out);
  } else {
    constexpr std::uint32_t kS0Bits = Lanes<std::uint32_t>::small_sigma0(kHeaderBits);
    if constexpr (t == 18) w[t] = Isa::small_sigma0(w3) + u.u18;
    if constexpr (t == 19) w[t] = w3 + u.u19;
    if constexpr (t == 20) w[t] = Isa::small_sigma1(w[18]) + kPad;
    if constexpr (t == 21) w[t] = Isa::small_sigma1(w[19]);
    if constexpr (t == 22) w[t] = Isa::small_sigma1(w[20]) + kHeaderBits;
    if constexpr (t == 23) w[t] = Isa::small_sigma1(w[21]) + u.w16;
    if constexpr (t == 24) w[t] = Isa::small_sigma1(w[22]) + u.w17;
    if constexpr (t >= 25 && t <= 29) w[t] = Isa::small_sigma1(w[t - 2]) + w[t - 7];
    if constexpr (t == 30) w[t] = Isa::small_sigma1(w[28]) + w[23] + kS0Bits;
    if constexpr (t == 31) w[t] = Isa::small_sigma1(w[29]) + w[24] + u.u31;
    if constexpr (t == 32) w[t] = Isa::small_sigma1(w[30]) + w[25] + u.u32;
    if constexpr (t == 33) {
      w[t] = Isa::small_sigma1(w[31]) + w[26] + (Isa::small_sigma0(w[18]) + u.w17);
    }
    if constexpr (t >= 34) {
      w[t] = Isa::small_sigma1(w[t - 2]) + w[t - 7] + (Isa::small_sigma0(w[t - 15]) + w[t - 16]);
    }
    out.kw[t] = w[t] + kRound<t>;
  }
}
template <class Isa, class Word = typename Isa::Word>
EBB_INLINE void extend_block(const Uniforms& u, Word w3, Schedule<Word>& out) {
  Word w[64];
  extend_block<Isa, 18, 64>(u, w3, w, out);
}

// --- the second hash ---

/// Last round of the second hash: its new e, with the initial h added, is the last digest word.
constexpr int kLastRound = 60;

/// The constants of the second hash, numbered: 0..60 are what the rounds add to their words (where
/// the word itself is constant it is included), then terms of schedule words, then what round 0
/// starts from: e and a without the message, and the initial working variables.
enum Hash2Constant : int {
  kS1Bits = kLastRound + 1,  ///< sigma1(kDigestBits), in word 17
  kBits,                     ///< in words 22 and 31
  kS0Pad,                    ///< sigma0(kPad), in word 23
  kPadWord,                  ///< in word 24
  kS0Bits,                   ///< sigma0(kDigestBits), in word 30
  kRound0E,
  kRound0A,
  kInitialWords,
  kHash2Constants = kInitialWords + 8
};

constexpr std::uint32_t hash2_constant(int i) {
  using Scalar = Lanes<std::uint32_t>;
  if (i <= kLastRound) {
    const std::uint32_t word = i == 8 ? kPad : i == 15 ? kDigestBits : 0;
    return kSha256K[i] + word + (i == kLastRound ? kSha256Initial[7] : 0);
  }
  const std::uint32_t* h = kSha256Initial;
  std::uint32_t b_xor_c = h[1] ^ h[2];
  const std::uint32_t t1 =
      h[7] + Scalar::big_sigma1(h[4]) + Scalar::choose(h[4], h[5], h[6]) + kSha256K[0];
  switch (i) {
    case kS1Bits:
      return Scalar::small_sigma1(kDigestBits);
    case kBits:
      return kDigestBits;
    case kS0Pad:
      return Scalar::small_sigma0(kPad);
    case kPadWord:
      return kPad;
    case kS0Bits:
      return Scalar::small_sigma0(kDigestBits);
    case kRound0E:
      return h[3] + t1;
    case kRound0A:
      return t1 + Scalar::big_sigma0(h[0]) + Scalar::majority(h[0], h[1], h[2], b_xor_c);
    default:
      return h[i - kInitialWords];
  }
}

template <int i>
constexpr std::uint32_t kHash2Constant = hash2_constant(i);

/// The constants as immediate operands.
template <class Word>
struct ConstantsInCode {
  template <int i>
  EBB_INLINE Word get() const {
    return Word{} + kHash2Constant<i>;
  }
};

/// The constants in memory, as `Stored`: whole vectors, or single words where an add can broadcast
/// its memory operand. GCC would else move each through a general register and a shuffle, which
/// takes a vector port.
template <class Word, class Stored>
struct ConstantsInMemory {
  Stored values[kHash2Constants];

  EBB_INLINE ConstantsInMemory() { fill<0>(); }
  template <int i>
  EBB_INLINE Word get() const {
    return Word{} + values[i];
  }

 private:
  template <int i>
  EBB_INLINE void fill() {
    if constexpr (i < kHash2Constants) {
      values[i] = Stored{} + kHash2Constant<i>;
      fill<i + 1>();
    }
  }
};

/// Word t >= 16 of the second hash's schedule, into its place in the window of sixteen. Words 8..15
/// are kPad, six zeros and kDigestBits: their terms fold or vanish.
template <class Isa, int t, class Constants, class Word = typename Isa::Word>
EBB_INLINE void extend_digest_word(Word (&w)[16], const Constants& c) {
  const auto s0 = [&] { return Isa::small_sigma0(w[(t - 15) & 15]); };
  const auto s1 = [&] { return Isa::small_sigma1(w[(t - 2) & 15]); };
  const Word w7 = w[(t - 7) & 15];
  Word& next = w[t & 15];  // holds word t - 16
  if constexpr (t == 16) next += s0();
  if constexpr (t == 17) next += s0() + c.template get<kS1Bits>();
  if constexpr (t >= 18 && t <= 21) next += s0() + s1();
  if constexpr (t == 22) next += s0() + s1() + c.template get<kBits>();
  if constexpr (t == 23) next += s1() + w7 + c.template get<kS0Pad>();
  if constexpr (t == 24) next = s1() + w7 + c.template get<kPadWord>();
  if constexpr (t >= 25 && t <= 29) next = s1() + w7;
  if constexpr (t == 30) next = s1() + w7 + c.template get<kS0Bits>();
  if constexpr (t == 31) next = s1() + w7 + s0() + c.template get<kBits>();
  if constexpr (t >= 32) next = s1() + w7 + (s0() + next);
}

/// Words t..end - 1 of the schedule of a digest, whose window of sixteen words is `w`. Word 0 is
/// not among them: round 0 does without (see Hash2Constant).
template <class Isa, int t, int end, class Constants, class Word = typename Isa::Word>
EBB_INLINE void extend_digest(Word (&w)[16], const Constants& c, Schedule<Word>& out) {
  if constexpr (end - t > 1) {
    extend_digest<Isa, t, (t + end) / 2>(w, c, out);
    extend_digest<Isa, (t + end) / 2, end>(w, c, out);
  } else {
    if constexpr (t >= 16) extend_digest_word<Isa, t>(w, c);
    if constexpr (t < 8 || t >= 16) out.kw[t] = w[t & 15] + c.template get<t>();
  }
}

template <class Isa, class Constants, class Word = typename Isa::Word>
EBB_INLINE void extend_digest(const Word (&digest)[8], const Constants& c, Schedule<Word>& out) {
  Word w[16];
  for (int i = 0; i < 8; ++i)
    w[i] = digest[i];
  for (int i = 8; i < 16; ++i)
    w[i] = Word{};
  extend_digest<Isa, 1, kLastRound + 1>(w, c, out);
}

/// Words 8..15: constant.
template <int t, class Constants, class Word>
EBB_INLINE void fill_padding_words(const Constants& c, Schedule<Word>& out) {
  if constexpr (t < 16) {
    out.kw[t] = c.template get<t>();
    fill_padding_words<t + 1>(c, out);
  }
}

}  // namespace
}  // namespace ebb::core
