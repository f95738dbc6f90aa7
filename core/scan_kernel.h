#pragma once
// THE double-SHA-256 nonce scan, written once and compiled per instruction set. docs/hashing.md
// explains it with figures.
//
// An `Isa` derives from Lanes<Word>, Word being a vector of 32-bit lanes, one nonce a lane:
//   kLanes                     lanes in it
//   Stored                     how a word that all lanes share is kept in memory: a Word, or a
//                              std::uint32_t where loads broadcast at no cost
//   lane_offsets()             0, 1, 2, … placed in the top byte of each lane
//   zero_lanes(Word, mask)     bit i set when lane i has no bit of the mask
//
// What is saved, against hashing 80 bytes twice:
// - the first block is a midstate; rounds 0-2 of the second block see no nonce and run once a scan;
// - headers that differ in their version only share the second block, so its message schedule is
//   computed once and used by every midstate (overt AsicBoost);
// - words of the schedule that are constant or the same for every nonce are folded into others;
// - hash 2 stops after round 60, whose `e` is the last digest word, and rounds 57-60 skip `a`.
//
// Two hashes run side by side: one alone leaves the vector ports idle for 2 to 7 % of the time,
// waiting for its own last round. Rounds are a loop of eight: unrolled, the code outgrows the
// instruction caches (SSE2 by GCC: 756 cycles a hash unrolled, 450 as a loop).

#include "core/trial.h"

namespace ebb::core {
namespace {

/// Rounds t..end - 1 of two hashes; kw[0] belongs to round t.
template <class Isa, int t, int end, class Word = typename Isa::Word>
EBB_INLINE void unrolled_rounds(Working<Word> (&s)[2], const Word* kw_0, const Word* kw_1) {
  if constexpr (t < end) {
    round_at<Isa, t>(s[0], *kw_0);
    round_at<Isa, t>(s[1], *kw_1);
    unrolled_rounds<Isa, t + 1, end>(s, kw_0 + 1, kw_1 + 1);
  }
}

/// Rounds first .. first + 55 of two hashes.
template <class Isa, int first, class Word = typename Isa::Word>
EBB_INLINE void rounds(Working<Word> (&s)[2], const Schedule<Word>& x, const Schedule<Word>& y) {
  EBB_KEEP_LOOP
  for (int t = first; t < first + 56; t += 8) {
    unrolled_rounds<Isa, first, first + 8>(s, &x.kw[t], &y.kw[t]);
  }
}

/// The same value, unknown to the compiler: it loads what it could compute, and keeps a loop that
/// it could unroll.
template <class T>
EBB_INLINE T opaque(T value) {
  __asm__("" : "+r"(value));
  return value;
}

/// Scans for one Isa; see ScanFunction.
template <class Isa>
class Scan {
 public:
  using Word = typename Isa::Word;
  using Stored = typename Isa::Stored;
  using Constants = ConstantsInMemory<Word, Stored>;

  EBB_INLINE explicit Scan(const ScanInput& input)
      : midstates_(input.midstate_count),
        zero_mask_(input.zero_mask),
        uniforms_(make_uniforms(input)) {
    for (unsigned i = 0; i < midstates_; ++i)
      leads_[i] = make_lead<Stored>(input, i);
    for (auto& schedule : block_)
      fill_uniform_words<4>(uniforms_, schedule);
    for (auto& schedule : message_)
      fill_padding_words<8>(constants_, schedule);
  }

  EBB_INLINE ScanResult run(std::uint32_t first, std::uint64_t count, Candidate* out,
                            std::uint32_t capacity) {
    // Hashes go in pairs: of two midstates, or, with an odd number of these, of two vectors of
    // nonces. Vectors start at multiples of their length, so that the lane number only touches the
    // nonce's low byte, which is the top byte of the message word. Lanes outside the range are
    // dropped when they hit, which is rare.
    const std::uint32_t vectors = midstates_ % 2 == 0 ? 1 : 2;
    const unsigned midstates_a_pair = vectors == 1 ? 2 : 1;
    const std::uint32_t step = vectors * Isa::kLanes;
    static_assert(2 * Isa::kLanes <= kMaxLanes);
    const std::uint64_t end = first + count;
    std::uint64_t base = first & ~(step - 1);
    Hits hits{first, end, out, 0};
    for (; base < end && hits.found + midstates_ * step <= capacity; base += step) {
      Word w3[2];
      EBB_KEEP_LOOP
      for (std::uint32_t v = 0; v < vectors; ++v) {
        const auto nonce = static_cast<std::uint32_t>(base) + v * Isa::kLanes;
        w3[v] = Isa::lane_offsets() | __builtin_bswap32(nonce);
        extend_block<Isa>(uniforms_, w3[v], block_[v]);
      }
      const std::uint32_t v = vectors - 1;  // the second hash's vector
      EBB_KEEP_LOOP
      for (unsigned i = 0; i < midstates_; i += midstates_a_pair) {
        const unsigned j = i + midstates_a_pair - 1;  // its midstate
        Word last[2];
        hash_pair(leads_[i], w3[0], block_[0], leads_[j], w3[v], block_[v], last);
        hits.take(Isa::zero_lanes(last[0], zero_mask_), base, i);
        hits.take(Isa::zero_lanes(last[1], zero_mask_), base + v * Isa::kLanes, j);
      }
    }
    const std::uint64_t reached = base < end ? base : end;
    return {reached > first ? reached - first : 0, hits.found};
  }

 private:
  struct Hits {
    std::uint64_t first, end;
    Candidate* out;
    std::uint32_t found;

    EBB_INLINE void take(std::uint32_t lanes, std::uint64_t base, unsigned midstate) {
      while (__builtin_expect(lanes != 0, 0)) {
        const std::uint64_t nonce = base + static_cast<std::uint32_t>(__builtin_ctz(lanes));
        lanes &= lanes - 1;
        if (nonce >= first && nonce < end) {
          out[found++] = {static_cast<std::uint32_t>(nonce), midstate};
        }
      }
    }
  };

  /// Last digest words of SHA-256d for two leads and vectors of nonces.
  EBB_INLINE void hash_pair(const Lead<Stored>& lead_0, Word w3_0, const Schedule<Word>& block_0,
                            const Lead<Stored>& lead_1, Word w3_1, const Schedule<Word>& block_1,
                            Word (&last)[2]) {
    Working<Word> s[2] = {begin_hash1<Isa>(lead_0, w3_0, block_0),
                          begin_hash1<Isa>(lead_1, w3_1, block_1)};
    rounds<Isa, 8>(s, block_0, block_1);
    end_hash1(s[0], lead_0, digest_[0]);
    end_hash1(s[1], lead_1, digest_[1]);

    const Constants& c = *opaque(&constants_);
    EBB_KEEP_LOOP
    for (int i = 0; i < 2; i = opaque(i + 1))
      extend_digest<Isa>(digest_[i], c, message_[i]);
    s[0] = begin_hash2(digest_[0][0], c);
    s[1] = begin_hash2(digest_[1][0], c);
    rounds<Isa, 1>(s, message_[0], message_[1]);
    last[0] = end_hash2<Isa>(s[0], message_[0]);
    last[1] = end_hash2<Isa>(s[1], message_[1]);
  }

  unsigned midstates_;
  std::uint32_t zero_mask_;
  Uniforms uniforms_;
  Constants constants_;
  Schedule<Word> block_[2];  ///< of the header's second block, for two vectors of nonces
  // Of the two hashes in work:
  Word digest_[2][8];          ///< of hash 1
  Schedule<Word> message_[2];  ///< of hash 2
  Lead<Stored> leads_[kMaxMidstates];
};

/// Implements ScanFunction for one Isa.
template <class Isa>
EBB_INLINE ScanResult scan_with(const ScanInput& input, std::uint32_t first, std::uint64_t count,
                                Candidate* out, std::uint32_t capacity) noexcept {
  Scan<Isa> scan(input);
  return scan.run(first, count, out, capacity);
}

}  // namespace
}  // namespace ebb::core
