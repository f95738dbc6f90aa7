#pragma once
// THE double-SHA-256 nonce scan, written once and compiled per instruction set.
//
// An `Isa` names a vector of 32-bit lanes and how to find its zero lanes:
//   Word                 a GCC/clang vector type (or std::uint32_t), one nonce a lane
//   kLanes               lanes in it
//   zero_lanes(Word)     bit i set when lane i is zero
//   lane_offsets()       0, 1, 2, … placed in the top byte of each lane
//
// What is saved, against hashing 80 bytes twice:
// - the first block is a midstate; rounds 0-2 of the second block see no nonce and run once a scan;
// - headers that differ in their version only share the second block, so its message schedule is
//   computed once and used by every midstate (overt AsicBoost);
// - words of the schedule that are constant or the same for every nonce are folded into others;
// - hash 2 stops after round 60, whose `e` is the last digest word, and rounds 57-60 skip `a`.
//
// Everything lives in an unnamed namespace: an ISA object must emit no symbol that the linker could
// pick for code that runs on older CPUs.

#include "core/scan.h"
#include "core/sha256_constants.h"

#ifdef __CUDACC__  // cuda/scan_kernel.cu: one nonce a thread, Word = std::uint32_t
#define EBB_INLINE __host__ __device__ __forceinline__
#else
#define EBB_INLINE inline __attribute__((always_inline))
#endif

namespace ebb::core {
namespace {

// FIPS 180-4's tables as constants: device code may not read a host array, even a constexpr one.
template <int t>
constexpr std::uint32_t kRound = kSha256K[t];
template <int i>
constexpr std::uint32_t kInitial = kSha256Initial[i];

template <class Word>
EBB_INLINE Word rotr(Word x, int n) {
  return (x >> n) | (x << (32 - n));
}
template <class Word>
EBB_INLINE Word big_sigma0(Word x) {
  return rotr(x, 2) ^ rotr(x, 13) ^ rotr(x, 22);
}
template <class Word>
EBB_INLINE Word big_sigma1(Word x) {
  return rotr(x, 6) ^ rotr(x, 11) ^ rotr(x, 25);
}
template <class Word>
EBB_INLINE Word small_sigma0(Word x) {
  return rotr(x, 7) ^ rotr(x, 18) ^ (x >> 3);
}
template <class Word>
EBB_INLINE Word small_sigma1(Word x) {
  return rotr(x, 17) ^ rotr(x, 19) ^ (x >> 10);
}
template <class Word>
EBB_INLINE Word choose(Word e, Word f, Word g) {
  return g ^ (e & (f ^ g));
}
template <class Word>
EBB_INLINE Word majority(Word a, Word b, Word c) {
  return (a & b) | (c & (a | b));
}

/// The eight working variables in named registers: GCC 12 spills when they are an array.
template <class Word>
struct Working {
  Word a, b, c, d, e, f, g, h;
};

/// One round without moving variables: afterwards h holds the new a and d the new e.
template <class Word>
EBB_INLINE void round_in_place(Word a, Word b, Word c, Word& d, Word e, Word f, Word g, Word& h,
                               Word kw) {
  const Word t1 = h + big_sigma1(e) + choose(e, f, g) + kw;
  d += t1;
  h = t1 + big_sigma0(a) + majority(a, b, c);
}

/// Round t, with the variables' roles rotated by t instead of their values.
template <int t, class Word>
EBB_INLINE void round_at(Working<Word>& s, Word kw) {
  if constexpr (t % 8 == 0) round_in_place(s.a, s.b, s.c, s.d, s.e, s.f, s.g, s.h, kw);
  if constexpr (t % 8 == 1) round_in_place(s.h, s.a, s.b, s.c, s.d, s.e, s.f, s.g, kw);
  if constexpr (t % 8 == 2) round_in_place(s.g, s.h, s.a, s.b, s.c, s.d, s.e, s.f, kw);
  if constexpr (t % 8 == 3) round_in_place(s.f, s.g, s.h, s.a, s.b, s.c, s.d, s.e, kw);
  if constexpr (t % 8 == 4) round_in_place(s.e, s.f, s.g, s.h, s.a, s.b, s.c, s.d, kw);
  if constexpr (t % 8 == 5) round_in_place(s.d, s.e, s.f, s.g, s.h, s.a, s.b, s.c, kw);
  if constexpr (t % 8 == 6) round_in_place(s.c, s.d, s.e, s.f, s.g, s.h, s.a, s.b, kw);
  if constexpr (t % 8 == 7) round_in_place(s.b, s.c, s.d, s.e, s.f, s.g, s.h, s.a, kw);
}

/// What the nonce does not touch, computed once a scan: schedule words of the second block.
struct Uniforms {
  std::uint32_t w16, w17;  ///< W16, W17
  std::uint32_t u18, u19;  ///< W18 = u18 + sigma0(W3), W19 = u19 + W3
  std::uint32_t u31, u32;  ///< W31 and W32 less their terms in later words
  std::uint32_t s0_w17;    ///< sigma0(W17)
};

/// What a midstate brings: its eight words, and the working variables after round 2 with round 3
/// taken as far as it goes without W3.
struct Lead {
  std::uint32_t midstate[8];
  std::uint32_t a, b, c, e, f, g;  ///< become b, c, d, f, g, h after round 3
  std::uint32_t a_base, e_base;    ///< round 3 gives a = a_base + W3, e = e_base + W3
};

// Padding of an 80-byte message in its second block, and of a 32-byte message (FIPS 180-4, 5.1.1).
constexpr std::uint32_t kPad = 0x80000000;
constexpr std::uint32_t kHeaderBits = 640;
constexpr std::uint32_t kDigestBits = 256;

EBB_INLINE Uniforms make_uniforms(const ScanInput& input) {
  const std::uint32_t w0 = input.tail[0], w1 = input.tail[1], w2 = input.tail[2];
  Uniforms u;
  u.w16 = w0 + small_sigma0(w1);
  u.w17 = w1 + small_sigma0(w2) + small_sigma1(kHeaderBits);
  u.u18 = w2 + small_sigma1(u.w16);
  u.u19 = small_sigma1(u.w17) + small_sigma0(kPad);
  u.u31 = small_sigma0(u.w16) + kHeaderBits;
  u.u32 = small_sigma0(u.w17) + u.w16;
  u.s0_w17 = small_sigma0(u.w17);
  return u;
}

EBB_INLINE Lead make_lead(const ScanInput& input, unsigned index) {
  Lead lead;
  Working<std::uint32_t> s;
  const std::uint32_t* m = input.midstates[index];
  for (int i = 0; i < 8; ++i)
    lead.midstate[i] = m[i];
  s = {m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7]};
  round_at<0>(s, kRound<0> + input.tail[0]);
  round_at<1>(s, kRound<1> + input.tail[1]);
  round_at<2>(s, kRound<2> + input.tail[2]);
  // Roles after three rounds: a in s.f, b in s.g, c in s.h, d in s.a, e in s.b, … (see round_at).
  const std::uint32_t t1 = s.e + big_sigma1(s.b) + choose(s.b, s.c, s.d) + kRound<3>;
  lead.a_base = t1 + big_sigma0(s.f) + majority(s.f, s.g, s.h);
  lead.e_base = s.a + t1;
  lead.a = s.f;
  lead.b = s.g;
  lead.c = s.h;
  lead.e = s.b;
  lead.f = s.c;
  lead.g = s.d;
  return lead;
}

/// Schedule words 18..63 of the second block, each with its round constant added.
inline constexpr int kFirstShared = 18;
template <class Word>
struct SharedSchedule {
  Word kw[64 - kFirstShared];
};

template <int t, class Word>
EBB_INLINE void extend_shared(const Uniforms& u, Word w3, Word (&w)[64],
                              SharedSchedule<Word>& out) {
  if constexpr (t < 64) {
    const Word zero{};
    if constexpr (t == 18) w[t] = small_sigma0(w3) + u.u18;
    if constexpr (t == 19) w[t] = w3 + u.u19;
    if constexpr (t == 20) w[t] = small_sigma1(w[18]) + kPad;
    if constexpr (t == 21) w[t] = small_sigma1(w[19]);
    if constexpr (t == 22) w[t] = small_sigma1(w[20]) + kHeaderBits;
    if constexpr (t == 23) w[t] = small_sigma1(w[21]) + u.w16;
    if constexpr (t == 24) w[t] = small_sigma1(w[22]) + u.w17;
    if constexpr (t >= 25 && t <= 29) w[t] = small_sigma1(w[t - 2]) + w[t - 7];
    if constexpr (t == 30) {
      w[t] = small_sigma1(w[28]) + w[23] + (zero + small_sigma0(kHeaderBits));
    }
    if constexpr (t == 31) w[t] = small_sigma1(w[29]) + w[24] + u.u31;
    if constexpr (t == 32) w[t] = small_sigma1(w[30]) + w[25] + u.u32;
    if constexpr (t == 33) w[t] = small_sigma1(w[31]) + w[26] + (small_sigma0(w[18]) + u.w17);
    if constexpr (t >= 34) {
      w[t] = small_sigma1(w[t - 2]) + w[t - 7] + (small_sigma0(w[t - 15]) + w[t - 16]);
    }
    out.kw[t - kFirstShared] = w[t] + kRound<t>;
    extend_shared<t + 1>(u, w3, w, out);
  }
}

/// Rounds t..63 of hash 1.
template <int t, class Word>
EBB_INLINE void hash1_rounds(Working<Word>& s, const Uniforms& u,
                             const SharedSchedule<Word>& shared) {
  if constexpr (t < 64) {
    const Word zero{};
    if constexpr (t < 16) {
      constexpr std::uint32_t kWord = t == 4 ? kPad : t == 15 ? kHeaderBits : 0;
      round_at<t>(s, zero + (kRound<t> + kWord));
    } else if constexpr (t == 16) {
      round_at<t>(s, zero + (kRound<t> + u.w16));
    } else if constexpr (t == 17) {
      round_at<t>(s, zero + (kRound<t> + u.w17));
    } else {
      round_at<t>(s, shared.kw[t - kFirstShared]);
    }
    hash1_rounds<t + 1>(s, u, shared);
  }
}

/// Schedule word t of hash 2 into its place in the window of sixteen.
template <int t, class Word>
EBB_INLINE Word hash2_word(Word (&w)[16]) {
  if constexpr (t >= 16) {
    constexpr std::uint32_t kS0Pad = 0x11002000;   // sigma0(kPad)
    constexpr std::uint32_t kS1Bits = 0x00a00000;  // sigma1(kDigestBits)
    constexpr std::uint32_t kS0Bits = 0x00400022;  // sigma0(kDigestBits)
    const Word s1 = small_sigma1(w[(t - 2) & 15]);
    const Word s0 = small_sigma0(w[(t - 15) & 15]);
    const Word w7 = w[(t - 7) & 15];
    const Word w16 = w[t & 15];
    // Words 8..15 of the block are kPad, six zeros and kDigestBits: their terms fold or vanish.
    Word next;
    if constexpr (t == 16) next = s0 + w16;
    if constexpr (t == 17) next = s0 + w16 + kS1Bits;
    if constexpr (t >= 18 && t <= 21) next = s1 + s0 + w16;
    if constexpr (t == 22) next = s1 + (s0 + w16) + kDigestBits;
    if constexpr (t == 23) next = s1 + w7 + w16 + kS0Pad;
    if constexpr (t == 24) next = s1 + w7 + kPad;
    if constexpr (t >= 25 && t <= 29) next = s1 + w7;
    if constexpr (t == 30) next = s1 + w7 + kS0Bits;
    if constexpr (t == 31) next = s1 + w7 + s0 + kDigestBits;
    if constexpr (t >= 32) next = s1 + w7 + (s0 + w16);
    w[t & 15] = next;
  }
  return w[t & 15];
}

/// Rounds t..56 of hash 2.
template <int t, class Word>
EBB_INLINE void hash2_rounds(Working<Word>& s, Word (&w)[16]) {
  if constexpr (t < 57) {
    round_at<t>(s, hash2_word<t>(w) + kRound<t>);
    hash2_rounds<t + 1>(s, w);
  }
}

/// A round of which only the new e is wanted, left in d.
template <class Word>
EBB_INLINE void round_e_only(Word& d, Word e, Word f, Word g, Word h, Word kw) {
  d += h + big_sigma1(e) + choose(e, f, g) + kw;
}

/// Last state word of the second hash, whose message is the first hash's digest `w`[0..7].
template <class Word>
EBB_INLINE Word hash2_last_word(Word (&w)[16]) {
  const Word zero{};
  w[8] = zero + kPad;
  for (int i = 9; i < 15; ++i)
    w[i] = zero;
  w[15] = zero + kDigestBits;

  Working<Word> s{zero + kInitial<0>, zero + kInitial<1>, zero + kInitial<2>, zero + kInitial<3>,
                  zero + kInitial<4>, zero + kInitial<5>, zero + kInitial<6>, zero + kInitial<7>};
  hash2_rounds<0>(s, w);
  // Rounds 57..60 in the rotated roles of round_at.
  round_e_only(s.c, s.d, s.e, s.f, s.g, hash2_word<57>(w) + kRound<57>);
  round_e_only(s.b, s.c, s.d, s.e, s.f, hash2_word<58>(w) + kRound<58>);
  round_e_only(s.a, s.b, s.c, s.d, s.e, hash2_word<59>(w) + kRound<59>);
  round_e_only(s.h, s.a, s.b, s.c, s.d, hash2_word<60>(w) + (kRound<60> + kInitial<7>));
  return s.h;
}

/// Last digest word of SHA-256d for one midstate, a vector of nonces at a time.
template <class Word>
EBB_INLINE Word last_digest_word(const Lead& lead, const Uniforms& u, Word w3,
                                 const SharedSchedule<Word>& shared) {
  const Word zero{};
  // Roles after round 3, laid out as round_at<4> expects them: a in s.e, e in s.a.
  Working<Word> s;
  s.e = w3 + lead.a_base;
  s.f = zero + lead.a;
  s.g = zero + lead.b;
  s.h = zero + lead.c;
  s.a = w3 + lead.e_base;
  s.b = zero + lead.e;
  s.c = zero + lead.f;
  s.d = zero + lead.g;
  hash1_rounds<4>(s, u, shared);

  Word w[16];
  w[0] = s.a + lead.midstate[0];
  w[1] = s.b + lead.midstate[1];
  w[2] = s.c + lead.midstate[2];
  w[3] = s.d + lead.midstate[3];
  w[4] = s.e + lead.midstate[4];
  w[5] = s.f + lead.midstate[5];
  w[6] = s.g + lead.midstate[6];
  w[7] = s.h + lead.midstate[7];
  return hash2_last_word(w);
}

/// Implements ScanFunction for one Isa.
template <class Isa>
EBB_INLINE ScanResult scan_with(const ScanInput& input, std::uint32_t first, std::uint64_t count,
                                Candidate* out, std::uint32_t capacity) noexcept {
  using Word = typename Isa::Word;
  constexpr std::uint32_t kLanes = Isa::kLanes;

  const Uniforms uniforms = make_uniforms(input);
  Lead leads[kMaxMidstates];
  const unsigned midstates = input.midstate_count;
  for (unsigned i = 0; i < midstates; ++i)
    leads[i] = make_lead(input, i);

  // Vectors start at multiples of the lane count, so that the lane number only touches the nonce's
  // low byte, which is the top byte of the message word. Lanes outside the range are dropped when
  // they hit, which is rare.
  const std::uint64_t end = first + count;
  std::uint64_t base = first & ~(kLanes - 1);
  std::uint32_t found = 0;
  for (; base < end && found + midstates * kLanes <= capacity; base += kLanes) {
    const Word w3 = Isa::lane_offsets() | __builtin_bswap32(static_cast<std::uint32_t>(base));
    Word w[64];
    SharedSchedule<Word> shared;
    extend_shared<kFirstShared>(uniforms, w3, w, shared);
    for (unsigned i = 0; i < midstates; ++i) {
      const Word last = last_digest_word(leads[i], uniforms, w3, shared);
      std::uint32_t hits = Isa::zero_lanes(last & input.zero_mask);
      while (__builtin_expect(hits != 0, 0)) {
        const std::uint64_t nonce = base + static_cast<std::uint32_t>(__builtin_ctz(hits));
        hits &= hits - 1;
        if (nonce >= first && nonce < end) out[found++] = {static_cast<std::uint32_t>(nonce), i};
      }
    }
  }
  const std::uint64_t reached = base < end ? base : end;
  return {reached > first ? reached - first : 0, found};
}

}  // namespace
}  // namespace ebb::core
