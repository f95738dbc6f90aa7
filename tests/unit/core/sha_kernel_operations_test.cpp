// The kernel for SHA-256 instructions on an instruction set that is computed here, counts its
// instructions and can get one wrong: so it is tested on machines without any.

#include "core/scan_sha_kernel.h"

#include <array>
#include <vector>

#include "core/sha256.h"
#include "tests/unit/catch.h"
#include "tests/unit/core/support.h"

using namespace ebb::core;
using ebb::test::Random;

namespace {

struct Tally {
  unsigned rounds = 0, schedule = 0, other = 0;
  unsigned total() const { return rounds + schedule + other; }
};

Tally done;
constexpr unsigned kNoFault = ~0u;
unsigned wrong_instruction = kNoFault;  ///< the number of the instruction whose lane 0 is wrong

std::uint32_t rotr(std::uint32_t x, int n) {
  return x >> n | x << (32 - n);
}
std::uint32_t sigma0(std::uint32_t x) {
  return rotr(x, 7) ^ rotr(x, 18) ^ (x >> 3);
}
std::uint32_t sigma1(std::uint32_t x) {
  return rotr(x, 17) ^ rotr(x, 19) ^ (x >> 10);
}

Quad instruction(unsigned& kind, Quad result) {
  if (done.total() == wrong_instruction) result[0] = ~result[0];
  ++kind;
  return result;
}

/// Working variables a..h in order; four rounds are one instruction.
struct Software {
  struct State {
    Quad abcd, efgh;
  };
  static State make_state(const std::uint32_t (&s)[8]) {
    return {Quad{s[0], s[1], s[2], s[3]}, Quad{s[4], s[5], s[6], s[7]}};
  }
  static State add(State s, State t) {
    return {instruction(done.other, s.abcd + t.abcd), instruction(done.other, s.efgh + t.efgh)};
  }
  static Quad in_a_and_e(std::uint32_t word) { return Quad{word, 0, 0, 0}; }
  static State add_to_a_and_e(State s, Quad word) {
    return {instruction(done.other, s.abcd + word), instruction(done.other, s.efgh + word)};
  }
  static bool e_is_clear(State s, std::uint32_t mask) { return (s.efgh[0] & mask) == 0; }

  static void rounds(State& state, Quad kw) {
    auto [s, t] = state;
    for (int i = 0; i < 4; ++i) {
      const std::uint32_t e = t[0], a = s[0];
      const std::uint32_t t1 =
          t[3] + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + (t[2] ^ (e & (t[1] ^ t[2]))) + kw[i];
      const std::uint32_t t2 =
          (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & s[1]) | (s[2] & (a | s[1])));
      t = Quad{s[3] + t1, t[0], t[1], t[2]};
      s = Quad{t1 + t2, s[0], s[1], s[2]};
    }
    state = {instruction(done.rounds, s), instruction(done.rounds, t)};
  }
  static void rounds_for_e(State& state, Quad kw) { rounds(state, kw); }

  static Quad sigma0(Quad w0, Quad w4) {
    return instruction(done.schedule, w0 + Quad{::sigma0(w0[1]), ::sigma0(w0[2]), ::sigma0(w0[3]),
                                                ::sigma0(w4[0])});
  }
  static Quad extend(Quad sum, Quad w8, Quad w12) {
    return extend_sparse(sum + Quad{w8[1], w8[2], w8[3], w12[0]}, w12);
  }
  static Quad extend_sparse(Quad sum, Quad w12) {
    const std::uint32_t w16 = sum[0] + sigma1(w12[2]), w17 = sum[1] + sigma1(w12[3]);
    return instruction(done.schedule, Quad{w16, w17, sum[2] + sigma1(w16), sum[3] + sigma1(w17)});
  }

  static DigestWords digest_words(State s) {
    const Quad a = s.abcd, e = s.efgh;
    return {{Quad{a[1], a[2], a[3], e[0]}, Quad{e[1], e[2], e[3], kPad}, Quad{},
             Quad{0, 0, kDigestBits, a[0] + ::sigma0(a[1])}},
            in_a_and_e(a[0])};
  }
};

using Hit = std::pair<std::uint32_t, std::uint32_t>;  // nonce, midstate

struct Problem {
  explicit Problem(unsigned midstates, std::uint32_t nonces) : count(nonces) {
    Random random(midstates);
    header = ebb::test::random_header(random);
    versions = ebb::test::random_versions(random, midstates);
    first = random.u32() & 0x7fffffff;
  }
  std::vector<Hit> scan(std::uint32_t mask) const {
    done = {};
    std::vector<Candidate> buffer(kMinCandidateCapacity);
    const ScanResult result =
        scan_by_rounds<Software>(ebb::test::input_of(header, versions, mask), first, count,
                                 buffer.data(), kMinCandidateCapacity);
    REQUIRE(result.scanned == count);
    std::vector<Hit> hits;
    for (std::uint32_t i = 0; i < result.found; ++i)
      hits.emplace_back(buffer[i].nonce, buffer[i].midstate);
    return hits;
  }
  std::vector<Hit> expected(std::uint32_t mask) const {
    std::vector<Hit> hits;
    for (std::uint32_t nonce = first; nonce < first + count; ++nonce) {
      for (std::uint32_t i = 0; i < versions.size(); ++i) {
        if ((ebb::test::last_word(header, versions[i], nonce) & mask) == 0)
          hits.emplace_back(nonce, i);
      }
    }
    return hits;
  }

  Header header;
  std::vector<std::uint32_t> versions;
  std::uint32_t first = 0, count;
};

}  // namespace

TEST_CASE("scan by rounds: right by computed instructions, for any number of midstates") {
  for (unsigned midstates = 1; midstates <= kMaxMidstates; ++midstates) {
    const Problem problem(midstates, 5);
    for (const std::uint32_t mask : {0u, 1u, 0x80000001u}) {
      CHECK(problem.scan(mask) == problem.expected(mask));
    }
  }
}

TEST_CASE("scan by rounds: fifteen times four rounds a hash, message instructions once a nonce") {
  constexpr unsigned kNonces = 4;
  const Problem problem(kMaxMidstates, kNonces);
  problem.scan(~0u);
  // One more step ends the last hash. Working variables are two halves, and a lead takes four
  // rounds to make.
  const unsigned steps = kMaxMidstates * kNonces + 1;
  CHECK(done.rounds == 2 * (steps * (15 + 15) + kMaxMidstates));
  // Words 17..60 of hash 2 each time, words 16..63 of hash 1 once a nonce: a sum and an extension
  // for each four, but no sum where padding makes it zero.
  CHECK(done.schedule == steps * (10 + 11) + (kNonces + 1) * (10 + 12));
}

TEST_CASE("scan by rounds: only instructions of no header can be wrong unseen") {
  const Problem problem(2, 1);
  // All hits of these masks together tell what both last words are.
  const auto all_bits = [&] {
    std::vector<Hit> hits;
    for (int bit = 0; bit < 32; ++bit) {
      for (const Hit& hit : problem.scan(1u << bit))
        hits.push_back(hit);
      hits.emplace_back(bit, bit);
    }
    return hits;
  };
  const auto expected = all_bits();
  const unsigned instructions = done.total();
  unsigned without_effect = 0;
  for (wrong_instruction = 0; wrong_instruction < instructions; ++wrong_instruction) {
    if (all_bits() == expected) ++without_effect;
  }
  wrong_instruction = kNoFault;
  // Of no header are the hash 2 that the first step ends and the hash 1 that the last one begins;
  // and hash 2 wants only e of its last four rounds.
  constexpr unsigned kHash1 = 2 + 2 * 15 + (10 + 12) + 2, kHash2 = 2 + 2 * 15 + (10 + 11);
  CHECK(without_effect == kHash1 + kHash2 + 2);
}
