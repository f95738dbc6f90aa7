#pragma once
// The double-SHA-256 nonce scan for CPUs that have SHA-256's rounds as instructions, written once.
//
// An `Isa` names the instructions and hides how they keep the working variables:
//   State                        a..h, in two registers
//   make_state(words)            a..h from eight words
//   add(State, State)            word by word
//   in_a_and_e(word)             the word laid out for
//   add_to_a_and_e(State, Quad)  a + word and e + word
//   rounds(State&, kw)           four rounds, their constants already added to the message words
//   rounds_for_e(State&, kw)     the same, when only e is wanted afterwards
//   sigma0(w0, w4)               words 0..3 + sigma0(words 1..4)
//   extend(sum, w8, w12)         schedule words 16..19, given that sum
//   extend_sparse(sum, w12)      the same where words 9..12 are zero
//   digest_words(State)          a digest as the next message: words 1..4, 5..8, 13..16, and word 0
//                                as in_a_and_e lays it out
//   e_is_clear(State, mask)      (e & mask) == 0
//
// What is saved, against hashing 80 bytes twice:
// - the first block is a midstate; headers that differ in their version only share the second
//   block's schedule, so the first midstate computes it, and for the others hash 1 is rounds only;
// - the nonce enters in round 3 and is just added there: rounds 0-3 run once a scan, hash 1 is
//   rounds 4..63;
// - round 0 of hash 2 adds a word to constants, and e after round 60 is the last digest word: hash
//   2 is rounds 1..60, which quads of words 1..4, 5..8, … 57..60 fit without a round to spare.
//
// A round waits for the one before it, so two chains are interleaved: hash 1 of one header runs
// beside hash 2 of the header before. They are of one length, need few registers, and any number of
// midstates keeps both busy.
//
// Everything lives in an unnamed namespace: an ISA object must emit no symbol that the linker could
// pick for code that runs on older CPUs.

#include "core/inline.h"
#include "core/scan.h"
#include "core/sha256_constants.h"

namespace ebb::core {
namespace {

/// Four consecutive words of a message or its schedule, the first in the lowest lane.
typedef std::uint32_t Quad __attribute__((vector_size(16)));

/// The constants of rounds t..t + 3.
template <int t>
constexpr Quad kRounds = {kSha256K[t], kSha256K[t + 1], kSha256K[t + 2], kSha256K[t + 3]};

/// Hash 2 after round 0, but for the message word that is to be added to a and e.
constexpr std::uint32_t kAfterRound0[8] = {0xfc08884d,        kSha256Initial[0], kSha256Initial[1],
                                           kSha256Initial[2], 0x98c7e2a2,        kSha256Initial[4],
                                           kSha256Initial[5], kSha256Initial[6]};

/// A digest in the window of its schedule, which words t and t + 16 share a place in.
struct DigestWords {
  Quad w[4];
  Quad word0_in_a_and_e;
};

/// A midstate, and what rounds 0..3 make of it when the nonce is 0.
template <class Isa>
struct Lead {
  typename Isa::State midstate, after_round3;
};

/// What the midstates share of a nonce: schedule words 16..63 with their round constants.
struct SharedSchedule {
  Quad kw[12];
};

template <class Isa>
EBB_INLINE Lead<Isa> make_lead(const std::uint32_t (&midstate)[8], Quad words) {
  Lead<Isa> lead;
  lead.midstate = lead.after_round3 = Isa::make_state(midstate);
  Isa::rounds(lead.after_round3, words + kRounds<0>);
  return lead;
}

template <int t>
EBB_INLINE Quad& at(Quad (&window)[4]) {
  return window[t / 4 % 4];
}

/// Words t..t + 3 of a schedule.
template <class Isa, int t>
EBB_INLINE Quad extend(Quad (&w)[4]) {
  return Isa::extend(Isa::sigma0(at<t>(w), at<t + 4>(w)), at<t + 8>(w), at<t + 12>(w));
}

// Padding in the window: sigma0 of its words, or all that they add, is zero.
template <class Isa, int t>
EBB_INLINE Quad extend_header(Quad (&w)[4]) {
  if constexpr (t == 16) return Isa::extend_sparse(Isa::sigma0(w[0], w[1]), w[3]);
  if constexpr (t == 20) return Isa::extend(w[1], w[3], w[0]);
  if constexpr (t == 24) return Isa::extend(Quad{}, w[0], w[1]);
  return extend<Isa, t>(w);
}
template <class Isa, int t>
EBB_INLINE Quad extend_digest(Quad (&w)[4]) {
  if constexpr (t == 17) return Isa::extend_sparse(Isa::sigma0(w[0], w[1]), w[3]);
  if constexpr (t == 25) return Isa::extend(Quad{}, w[0], w[1]);
  return extend<Isa, t>(w);
}

template <class Isa, bool first, int t>
EBB_INLINE Quad hash1_kw(Quad (&w)[4], SharedSchedule& shared) {
  if constexpr (t < 16) return at<t>(w) + kRounds<t>;
  if constexpr (first) {
    at<t>(w) = extend_header<Isa, t>(w);
    shared.kw[t / 4 - 4] = at<t>(w) + kRounds<t>;
  }
  return shared.kw[t / 4 - 4];
}

template <class Isa, int t>
EBB_INLINE Quad hash2_kw(Quad (&w)[4]) {
  if constexpr (t > 16) at<t>(w) = extend_digest<Isa, t>(w);
  return at<t>(w) + kRounds<t>;
}

/// The rounds from t of hash 1 and from t - 3 of hash 2, up to the last four.
template <class Isa, bool first, int t>
EBB_INLINE void rounds_from(typename Isa::State& hash1, Quad (&header)[4], SharedSchedule& shared,
                            typename Isa::State& hash2, Quad (&digest)[4]) {
  if constexpr (t < 60) {
    const Quad kw1 = hash1_kw<Isa, first, t>(header, shared), kw2 = hash2_kw<Isa, t - 3>(digest);
    Isa::rounds(hash1, kw1);
    Isa::rounds(hash2, kw2);
    rounds_from<Isa, first, t + 4>(hash1, header, shared, hash2, digest);
  }
}

/// Puts hash 1 of `lead` and the message's `words` 0..3 into `digest`, and returns hash 2 of what
/// was there: its last word is e. The first midstate of a nonce fills in `shared`.
template <class Isa, bool first>
EBB_INLINE typename Isa::State step(const Lead<Isa>& lead, Quad words, SharedSchedule& shared,
                                    typename Isa::State& digest) {
  DigestWords message = Isa::digest_words(digest);
  auto hash2 = Isa::add_to_a_and_e(Isa::make_state(kAfterRound0), message.word0_in_a_and_e);
  Quad header[4] = {words, Quad{kPad}, Quad{}, Quad{0, 0, 0, kHeaderBits}};
  auto hash1 = Isa::add_to_a_and_e(lead.after_round3, Isa::in_a_and_e(words[3]));

  rounds_from<Isa, first, 4>(hash1, header, shared, hash2, message.w);
  Isa::rounds(hash1, hash1_kw<Isa, first, 60>(header, shared));
  Isa::rounds_for_e(hash2, hash2_kw<Isa, 57>(message.w) + Quad{0, 0, 0, kSha256Initial[7]});
  digest = Isa::add(hash1, lead.midstate);
  return hash2;
}

/// Implements ScanFunction for one Isa.
template <class Isa>
EBB_INLINE ScanResult scan_by_rounds(const ScanInput& input, std::uint32_t first,
                                     std::uint64_t count, Candidate* out,
                                     std::uint32_t capacity) noexcept {
  const unsigned midstates = input.midstate_count;
  const auto words_of = [&](std::uint32_t nonce) {
    return Quad{input.tail[0], input.tail[1], input.tail[2], __builtin_bswap32(nonce)};
  };
  Lead<Isa> leads[kMaxMidstates];
  for (unsigned i = 0; i < midstates; ++i)
    leads[i] = make_lead<Isa>(input.midstates[i], words_of(0));

  // A step ends the hash that the step before began, so what it finds is of the header before
  // (number, i). The very first ends none, and the hash that the last begins is dropped.
  std::uint64_t scanned = 0;
  std::uint32_t found = 0;
  SharedSchedule shared;
  auto digest = leads[0].midstate;
  for (;; ++scanned) {
    const auto number = static_cast<std::uint32_t>(first + scanned);
    const auto is_candidate = [&](const typename Isa::State& last) {
      return __builtin_expect(Isa::e_is_clear(last, input.zero_mask), 0);
    };
    if (is_candidate(step<Isa, true>(leads[0], words_of(number), shared, digest)) && scanned > 0)
      out[found++] = {number - 1, midstates - 1};
    if (scanned == count || found + midstates > capacity) return {scanned, found};
    for (unsigned i = 1; i < midstates; ++i) {
      if (is_candidate(step<Isa, false>(leads[i], words_of(number), shared, digest)))
        out[found++] = {number, i - 1};
    }
  }
}

}  // namespace
}  // namespace ebb::core
