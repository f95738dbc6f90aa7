#pragma once
// The pieces of a nonce trial, SHA-256 of an 80-byte header hashed again, for a vector of nonces
// and one midstate: straight code between the schedules. Scan (core/scan_kernel.h) puts them
// together for CPUs, cuda/scan_kernel.cu for GPUs.

#include "core/schedule.h"

namespace ebb::core {

/// What a midstate brings: its eight words, and the working variables after round 2 with round 3
/// taken as far as it goes without W3.
template <class Stored>
struct Lead {
  Stored midstate[8];
  Stored a_base, e_base;       ///< round 3 gives a = a_base + W3, e = e_base + W3
  Stored a, b, c, e, f;        ///< become b, c, d, f, g after round 3
  Stored g_kw4, f_kw5, e_kw6;  ///< what rounds 4, 5 and 6 add up as h and their word
};

namespace {

template <class Stored>
EBB_INLINE Lead<Stored> make_lead(const ScanInput& input, unsigned index) {
  using Scalar = Lanes<std::uint32_t>;
  const std::uint32_t* m = input.midstates[index];
  Working<std::uint32_t> s{m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[1] ^ m[2]};
  round_at<Scalar, 0>(s, kRound<0> + input.tail[0]);
  round_at<Scalar, 1>(s, kRound<1> + input.tail[1]);
  round_at<Scalar, 2>(s, kRound<2> + input.tail[2]);
  // Round 3 without W3. Roles now: a in s.f, b in s.g, c in s.h, d in s.a, e in s.b, … (round_at).
  const std::uint32_t e = s.b, f = s.c, g = s.d;
  round_at<Scalar, 3>(s, kRound<3>);

  const Stored zero{};
  Lead<Stored> lead;
  for (int i = 0; i < 8; ++i)
    lead.midstate[i] = zero + m[i];
  lead.a_base = zero + s.e;
  lead.e_base = zero + s.a;
  lead.a = zero + s.f;
  lead.b = zero + s.g;
  lead.c = zero + s.h;
  lead.e = zero + e;
  lead.f = zero + f;
  lead.g_kw4 = zero + (g + kRound<4> + kPad);
  lead.f_kw5 = zero + (f + kRound<5>);
  lead.e_kw6 = zero + (e + kRound<6>);
  return lead;
}

/// Rounds 3..7 of hash 1, from what is known of them.
template <class Isa, class Word = typename Isa::Word>
EBB_INLINE Working<Word> begin_hash1(const Lead<typename Isa::Stored>& lead, Word w3,
                                     const Schedule<Word>& schedule) {
  const Word zero{};
  // Roles after round 3, as round_at<4> expects them: a in s.e, e in s.a.
  Working<Word> s;
  s.e = w3 + lead.a_base;
  s.f = zero + lead.a;
  s.g = zero + lead.b;
  s.h = zero + lead.c;
  s.a = w3 + lead.e_base;
  s.b = zero + lead.e;
  s.c = zero + lead.f;
  s.d = zero + lead.g_kw4;
  s.b_xor_c = s.f ^ s.g;
  round_at<Isa, 4>(s, zero);
  s.c = zero + lead.f_kw5;
  round_at<Isa, 5>(s, zero);
  s.b = zero + lead.e_kw6;
  round_at<Isa, 6>(s, zero);
  round_at<Isa, 7>(s, schedule.kw[7]);
  return s;
}

/// The digest of hash 1, which is the message of hash 2.
template <class Stored, class Word>
EBB_INLINE void end_hash1(const Working<Word>& s, const Lead<Stored>& lead, Word (&digest)[8]) {
  digest[0] = s.a + lead.midstate[0];
  digest[1] = s.b + lead.midstate[1];
  digest[2] = s.c + lead.midstate[2];
  digest[3] = s.d + lead.midstate[3];
  digest[4] = s.e + lead.midstate[4];
  digest[5] = s.f + lead.midstate[5];
  digest[6] = s.g + lead.midstate[6];
  digest[7] = s.h + lead.midstate[7];
}

/// Round 0 of hash 2: two additions, for all but its message word is constant.
template <class Constants, class Word>
EBB_INLINE Working<Word> begin_hash2(Word message0, const Constants& c) {
  Working<Word> s;
  s.a = c.template get<kInitialWords + 0>();
  s.b = c.template get<kInitialWords + 1>();
  s.c = c.template get<kInitialWords + 2>();
  s.d = message0 + c.template get<kRound0E>();
  s.e = c.template get<kInitialWords + 4>();
  s.f = c.template get<kInitialWords + 5>();
  s.g = c.template get<kInitialWords + 6>();
  s.h = message0 + c.template get<kRound0A>();
  s.b_xor_c = s.a ^ s.b;
  return s;
}

/// A round of which only the new e is wanted, left in d.
template <class Isa, class Word = typename Isa::Word>
EBB_INLINE void round_e_only(Word& d, Word e, Word f, Word g, Word h, Word kw) {
  d += h + kw + Isa::choose(e, f, g) + Isa::big_sigma1(e);
}

/// Rounds 57..60 of hash 2, in the rotated roles of round_at; returns the last digest word.
template <class Isa, class Word = typename Isa::Word>
EBB_INLINE Word end_hash2(Working<Word>& s, const Schedule<Word>& schedule) {
  round_e_only<Isa>(s.c, s.d, s.e, s.f, s.g, schedule.kw[57]);
  round_e_only<Isa>(s.b, s.c, s.d, s.e, s.f, schedule.kw[58]);
  round_e_only<Isa>(s.a, s.b, s.c, s.d, s.e, schedule.kw[59]);
  round_e_only<Isa>(s.h, s.a, s.b, s.c, s.d, schedule.kw[60]);
  return s.h;
}

/// Rounds t..end - 1. By halves: compilers take the square of the depth of inlining.
template <class Isa, int t, int end, class Word = typename Isa::Word>
EBB_INLINE void rounds(Working<Word>& s, const Schedule<Word>& schedule) {
  if constexpr (end - t == 1) {
    round_at<Isa, t>(s, schedule.kw[t]);
  } else {
    rounds<Isa, t, (t + end) / 2>(s, schedule);
    rounds<Isa, (t + end) / 2, end>(s, schedule);
  }
}

}  // namespace
}  // namespace ebb::core
