// The self-test must refuse a double SHA-256, written plainly, with any one constant, rotation or
// term spoiled.

#include <algorithm>
#include <bit>

#include "core/bytes.h"
#include "core/self_test.h"
#include "core/sha256_constants.h"
#include "tests/unit/catch.h"

using namespace ebb::core;

namespace {

enum class Mutation {
  none,
  round_constant,   // bit of K[index]
  schedule_word,    // bit of W[index], 16 on
  schedule_term,    // W[index / 4] lacks its term index % 4
  rotation,         // one of the fourteen amounts is one more
  block_word,       // bit of message word index: padding, length, or a word that must be zero
  initial_word,     // bit of the starting state's word index
  feed_forward,     // the starting state's word index is not added at the end
  choose_majority,  // the one for the other (index 0), parity for majority (1)
  nonce_order,      // the nonce is not byte-swapped
};

/// Which fault `mutant_scan` has, and in which of the two hashes.
struct {
  Mutation mutation;
  int hash;
  int index;
  std::uint32_t bit;  // flipped, where a bit is
} mutant;

bool planted(Mutation mutation, int hash, int index) {
  return mutant.mutation == mutation && mutant.hash == hash && mutant.index == index;
}

/// One compression, as FIPS 180-4 writes it, less what is planted. `hash`: 1 is the header's second
/// block, 2 its digest.
void compress(int hash, std::uint32_t (&state)[8], const std::uint32_t (&block)[16]) {
  const auto flip = [&](Mutation mutation, int index) {
    return planted(mutation, hash, index) ? std::uint32_t{1} << mutant.bit : 0;
  };
  const auto by = [&](int index, int amount) {
    return amount + (planted(Mutation::rotation, hash, index) ? 1 : 0);
  };
  const auto rotate = [&](std::uint32_t x, int index, int amount) {
    return std::rotr(x, by(index, amount));
  };

  std::uint32_t w[64];
  for (int t = 0; t < 16; ++t)
    w[t] = block[t] ^ flip(Mutation::block_word, t);
  for (int t = 16; t < 64; ++t) {
    const std::uint32_t y = w[t - 2], x = w[t - 15];
    const std::uint32_t terms[4] = {rotate(y, 0, 17) ^ rotate(y, 1, 19) ^ (y >> by(2, 10)),
                                    w[t - 7], rotate(x, 3, 7) ^ rotate(x, 4, 18) ^ (x >> by(5, 3)),
                                    w[t - 16]};
    w[t] = 0;
    for (int i = 0; i < 4; ++i) {
      if (!planted(Mutation::schedule_term, hash, 4 * t + i)) w[t] += terms[i];
    }
    w[t] ^= flip(Mutation::schedule_word, t);
  }

  std::uint32_t s[8];
  for (int i = 0; i < 8; ++i)
    s[i] = state[i] ^ flip(Mutation::initial_word, i);
  for (int t = 0; t < 64; ++t) {
    const std::uint32_t a = s[0], b = s[1], c = s[2], e = s[4], f = s[5], g = s[6];
    const std::uint32_t ch = (e & f) ^ (~e & g);
    const std::uint32_t maj = (a & b) ^ (a & c) ^ (b & c);
    const std::uint32_t maj_of_e = (e & f) ^ (e & g) ^ (f & g);
    const bool swapped = planted(Mutation::choose_majority, hash, 0);
    const bool parity = planted(Mutation::choose_majority, hash, 1);
    const std::uint32_t t1 = s[7] + (rotate(e, 6, 6) ^ rotate(e, 7, 11) ^ rotate(e, 8, 25)) +
                             (swapped ? maj_of_e : ch) +
                             (kSha256K[t] ^ flip(Mutation::round_constant, t)) + w[t];
    const std::uint32_t t2 =
        (rotate(a, 9, 2) ^ rotate(a, 10, 13) ^ rotate(a, 11, 22)) + (parity ? a ^ b ^ c : maj);
    std::copy_backward(s, s + 7, s + 8);
    s[0] = t1 + t2;
    s[4] += t1;
  }
  for (int i = 0; i < 8; ++i) {
    if (!planted(Mutation::feed_forward, hash, i)) s[i] += state[i];
    state[i] = s[i];
  }
}

ScanResult mutant_scan(const ScanInput& input, std::uint32_t first, std::uint64_t count,
                       Candidate* out, std::uint32_t capacity) noexcept {
  ScanResult result;
  for (; result.scanned < count; ++result.scanned) {
    if (result.found + input.midstate_count > capacity) break;
    const auto nonce = static_cast<std::uint32_t>(first + result.scanned);
    for (std::uint32_t i = 0; i < input.midstate_count; ++i) {
      std::uint32_t state[8];
      std::copy_n(input.midstates[i], 8, state);
      const bool swapped = mutant.mutation != Mutation::nonce_order;
      compress(1, state,
               {input.tail[0], input.tail[1], input.tail[2], swapped ? byteswap32(nonce) : nonce,
                0x80000000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 640});
      std::uint32_t digest[16] = {};
      std::copy_n(state, 8, digest);
      digest[8] = 0x80000000;
      digest[15] = 256;
      std::copy_n(kSha256Initial, 8, state);
      compress(2, state, digest);
      if ((state[7] & input.zero_mask) == 0) out[result.found++] = {nonce, i};
    }
  }
  return result;
}

std::optional<std::string> mutated(Mutation mutation, int hash = 0, int index = 0,
                                   std::uint32_t bit = 0) {
  mutant = {mutation, hash, index, bit};
  return self_test({"mutant", kNoFeatures, 1, mutant_scan});
}

/// The self-test must refuse the fault at `index`, with one bit of the 32 flipped.
void refuses(Mutation mutation, int hash, int index) {
  const auto bit = static_cast<std::uint32_t>(11 * index + 5) % 32;
  INFO("hash " << hash << ", index " << index << ", bit " << bit);
  CHECK(mutated(mutation, hash, index, bit).has_value());
}

}  // namespace

TEST_CASE("self-test: the mutant passes while nothing is planted") {
  CHECK(mutated(Mutation::none).value_or("") == "");
}

TEST_CASE("self-test: refuses every wrong round constant") {
  for (int t = 0; t < 64; ++t)
    refuses(Mutation::round_constant, 1, t);
  for (int t = 0; t <= 60; ++t)
    refuses(Mutation::round_constant, 2, t);
  // The last of them reaches one bit of the result and no other.
  for (std::uint32_t bit = 0; bit < 32; ++bit)
    CHECK(mutated(Mutation::round_constant, 2, 60, bit).has_value());
}

// The last digest word is h after round 63: g after 62, f after 61, e after 60. Rounds 61..63 of
// hash 2 only fill other words, so that nothing planted there can be wrong.
TEST_CASE("self-test: rounds 61 to 63 of the second hash have no influence") {
  for (int t = 61; t < 64; ++t) {
    CHECK_FALSE(mutated(Mutation::round_constant, 2, t, 31).has_value());
    CHECK_FALSE(mutated(Mutation::schedule_word, 2, t, 31).has_value());
  }
  for (int i = 0; i < 7; ++i)
    CHECK_FALSE(mutated(Mutation::feed_forward, 2, i).has_value());
}

TEST_CASE("self-test: refuses every wrong schedule word and term") {
  for (int t = 16; t < 64; ++t)
    refuses(Mutation::schedule_word, 1, t);
  for (int t = 16; t <= 60; ++t)
    refuses(Mutation::schedule_word, 2, t);

  // Terms that are zero for every header are no loss: t - 2, t - 7, t - 15 or t - 16 points at one
  // of the block's zero words, 5..14 in hash 1 and 9..14 in hash 2.
  constexpr int kOffsets[] = {2, 7, 15, 16};
  for (const int hash : {1, 2}) {
    const int first_zero = hash == 1 ? 5 : 9, last = hash == 1 ? 63 : 60;
    for (int t = 16; t <= last; ++t) {
      for (int term = 0; term < 4; ++term) {
        const int from = t - kOffsets[term];
        const bool always_zero = from >= first_zero && from <= 14;
        INFO("hash " << hash << ", W[" << t << "], term " << term);
        CHECK(mutated(Mutation::schedule_term, hash, 4 * t + term).has_value() == !always_zero);
      }
    }
  }
}

TEST_CASE("self-test: refuses every wrong rotation and boolean function") {
  for (const int hash : {1, 2}) {
    for (int index = 0; index < 12; ++index)
      refuses(Mutation::rotation, hash, index);
    refuses(Mutation::choose_majority, hash, 0);
    refuses(Mutation::choose_majority, hash, 1);
  }
}

TEST_CASE("self-test: refuses every wrong starting word and padding") {
  for (int i = 0; i < 8; ++i) {
    refuses(Mutation::initial_word, 1, i);
    refuses(Mutation::initial_word, 2, i);
    refuses(Mutation::feed_forward, 1, i);
  }
  refuses(Mutation::feed_forward, 2, 7);
  for (int i = 0; i < 16; ++i) {
    refuses(Mutation::block_word, 1, i);
    refuses(Mutation::block_word, 2, i);
  }
  CHECK(mutated(Mutation::nonce_order).has_value());
}
