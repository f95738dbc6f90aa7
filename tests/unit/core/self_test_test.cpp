// The self-test itself is tested: every planted fault below must be refused. Two kinds: a right
// kernel behind a wrapper that spoils its results, and a plain double SHA-256 with one constant,
// rotation or term spoiled.

#include "core/self_test.h"

#include <algorithm>
#include <bit>

#include "core/sha256_constants.h"
#include "tests/unit/catch.h"
#include "tests/unit/core/support.h"

using namespace ebb::core;
using ebb::test::backends_that_run_here;

namespace {

enum class Spoil {
  nothing,
  lane_lost,            // `which` lane's hits are not reported
  lane_shifted,         // … are reported one nonce off
  first_lane_lost,      // the first nonce of the range is not reported
  last_of_range_lost,   // nor is the last
  one_past_the_range,   // a hit after the range is reported
  last_nonce_lost,      // 0xffffffff is never reported
  slot_lost,            // `which` midstate's hits are not reported
  slot_off,             // … carry the next midstate's number
  slot_repeats_first,   // … is hashed with the first midstate
  upper_slots_ignored,  // only `which` midstates are hashed
  one_count_wrong,      // given `which` midstates, the last one's hits are not reported
  midstate_word_lost,   // `which` word of the last midstate is taken as 0
  tail_word_lost,       // `which` word of the tail is taken as 0
  mask_bit_ignored,     // `which` bit of the mask is not tested
  mask_bit_added,       // … is tested though it is not in the mask
  mask_ignored,
  mask_byteswapped,
  carry_lost,           // counting does not carry out of byte `which` of the nonce
  silent_stop,          // a full buffer stops the scan, which claims to have scanned all
  counts_short,         // scanned is one too small
  counts_long,          // … too large
  counts_past_the_end,  // … too large only when the range is done
  duplicates,           // the last hit is reported twice
  stale_input,          // the input of the call before is used
  no_progress,          // nothing scanned, nothing found, for ever
  overclaims,           // more found than fit
  invents_a_hit,        // a candidate that is none, when there are none
};

/// What spoiled_scan does; the tests run in one thread.
struct {
  Spoil spoil;
  std::uint32_t which;
  HashBackend real;
  ScanInput last_input;
} plant;

/// Scans with nonces that wrap within `1 << bits` instead of carrying on.
ScanResult scan_without_carry(const ScanInput& input, std::uint32_t first, std::uint64_t count,
                              Candidate* out, std::uint32_t capacity, std::uint32_t bits) {
  const std::uint64_t block = std::uint64_t{1} << bits;
  const std::uint64_t room = block - (first & (block - 1));
  if (count <= room) return plant.real.scan(input, first, count, out, capacity);
  ScanResult result = plant.real.scan(input, first, room, out, capacity);
  if (result.scanned < room) return result;
  const auto wrapped = static_cast<std::uint32_t>(first + room - block);
  const ScanResult more =
      plant.real.scan(input, wrapped, count - room, out + result.found, capacity - result.found);
  for (std::uint32_t i = 0; i < more.found; ++i)
    out[result.found + i].nonce += static_cast<std::uint32_t>(block);
  return {result.scanned + more.scanned, result.found + more.found};
}

ScanResult spoiled_scan(const ScanInput& asked, std::uint32_t first, std::uint64_t count,
                        Candidate* out, std::uint32_t capacity) noexcept {
  ScanInput input = asked;
  const std::uint32_t which = plant.which;
  const std::uint32_t slots = input.midstate_count;
  const std::uint64_t end = first + count;
  switch (plant.spoil) {
    case Spoil::slot_repeats_first:
      if (which < slots) std::copy_n(input.midstates[0], 8, input.midstates[which]);
      break;
    case Spoil::upper_slots_ignored:
      input.midstate_count = std::min(slots, which);
      break;
    case Spoil::midstate_word_lost:
      input.midstates[slots - 1][which] = 0;
      break;
    case Spoil::tail_word_lost:
      input.tail[which] = 0;
      break;
    case Spoil::mask_bit_ignored:
      input.zero_mask &= ~(1u << which);
      break;
    case Spoil::mask_bit_added:
      input.zero_mask |= 1u << which;
      break;
    case Spoil::mask_ignored:
      input.zero_mask = 0;
      break;
    case Spoil::mask_byteswapped:
      input.zero_mask = byteswap32(input.zero_mask);
      break;
    case Spoil::stale_input:
      if (plant.last_input.midstate_count == slots) {
        std::swap(input, plant.last_input);
        input.zero_mask = asked.zero_mask;
      }
      plant.last_input = asked;
      break;
    case Spoil::no_progress:
      return {0, 0};
    default:
      break;
  }

  ScanResult result;
  if (plant.spoil == Spoil::last_of_range_lost && count > 0) {
    result = plant.real.scan(input, first, count - 1, out, capacity);
    if (result.scanned == count - 1) ++result.scanned;
  } else if (plant.spoil == Spoil::one_past_the_range && end < std::uint64_t{1} << 32) {
    result = plant.real.scan(input, first, count + 1, out, capacity);
    result.scanned = std::min(result.scanned, count);
  } else if (plant.spoil == Spoil::carry_lost) {
    result = scan_without_carry(input, first, count, out, capacity, 8 * (which + 1));
  } else {
    result = plant.real.scan(input, first, count, out, capacity);
  }

  const auto lose = [&](auto lost) {
    result.found = static_cast<std::uint32_t>(std::remove_if(out, out + result.found, lost) - out);
  };
  switch (plant.spoil) {
    case Spoil::lane_lost:
      lose([&](const Candidate& c) { return c.nonce % plant.real.lanes == which; });
      break;
    case Spoil::lane_shifted:
      for (std::uint32_t i = 0; i < result.found; ++i) {
        if (out[i].nonce % plant.real.lanes == which) ++out[i].nonce;
      }
      break;
    case Spoil::first_lane_lost:
      lose([&](const Candidate& c) { return c.nonce == first; });
      break;
    case Spoil::last_nonce_lost:
      lose([](const Candidate& c) { return c.nonce == 0xffffffff; });
      break;
    case Spoil::slot_lost:
      lose([&](const Candidate& c) { return c.midstate == which; });
      break;
    case Spoil::one_count_wrong:
      if (slots == which) lose([&](const Candidate& c) { return c.midstate == slots - 1; });
      break;
    case Spoil::slot_off:
      for (std::uint32_t i = 0; i < result.found; ++i) {
        if (out[i].midstate == which) ++out[i].midstate;
      }
      break;
    case Spoil::silent_stop:
      result.scanned = count;
      break;
    case Spoil::counts_short:
      if (result.scanned > 1) --result.scanned;
      break;
    case Spoil::counts_past_the_end:
      if (result.scanned == count) ++result.scanned;
      break;
    case Spoil::counts_long:
      ++result.scanned;
      break;
    case Spoil::duplicates:
      if (result.found > 0 && result.found < capacity) {
        out[result.found] = out[result.found - 1];
        ++result.found;
      }
      break;
    case Spoil::overclaims:
      if (result.scanned < count) result.found = capacity + 1;
      break;
    case Spoil::invents_a_hit:
      if (result.found == 0) out[result.found++] = {first, 0};
      break;
    default:
      break;
  }
  return result;
}

std::optional<std::string> spoiled(const HashBackend& real, Spoil spoil, std::uint32_t which = 0) {
  plant = {spoil, which, real, {}};
  return self_test({real.name, real.needs, real.lanes, spoiled_scan});
}

// ---------------------------------------------------------------------------------------------

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

TEST_CASE("self-test: every compiled kernel that runs here passes") {
  for (const auto& backend : backends_that_run_here()) {
    INFO(backend.name);
    CHECK(self_test(backend).value_or("") == "");
  }
}

TEST_CASE("self-test: the wrapper and the mutant pass while nothing is planted") {
  for (const auto& backend : backends_that_run_here())
    CHECK(spoiled(backend, Spoil::nothing).value_or("") == "");
  CHECK(mutated(Mutation::none).value_or("") == "");
}

TEST_CASE("self-test: says what was wrong") {
  const auto backend = backends_that_run_here().back();
  CHECK(spoiled(backend, Spoil::slot_lost, 17) == "wrong result in lane 0, midstate 17");
  CHECK(spoiled(backend, Spoil::silent_stop) == "loses candidates when the buffer is full");
}

TEST_CASE("self-test: refuses one wrong lane") {
  for (const auto& backend : backends_that_run_here()) {
    for (std::uint32_t lane = 0; lane < backend.lanes; ++lane) {
      INFO(backend.name << ", lane " << lane);
      CHECK(spoiled(backend, Spoil::lane_lost, lane).has_value());
      CHECK(spoiled(backend, Spoil::lane_shifted, lane).has_value());
    }
  }
}

TEST_CASE("self-test: refuses one wrong midstate slot") {
  for (const auto& backend : backends_that_run_here()) {
    for (std::uint32_t slot = 0; slot < kMaxMidstates; ++slot) {
      INFO(backend.name << ", slot " << slot);
      CHECK(spoiled(backend, Spoil::slot_lost, slot).has_value());
      CHECK(spoiled(backend, Spoil::slot_off, slot).has_value());
      CHECK(spoiled(backend, Spoil::one_count_wrong, slot + 1).has_value());
      if (slot == 0) continue;
      CHECK(spoiled(backend, Spoil::slot_repeats_first, slot).has_value());
      CHECK(spoiled(backend, Spoil::upper_slots_ignored, slot).has_value());
    }
  }
}

TEST_CASE("self-test: refuses input words that are not used") {
  for (const auto& backend : backends_that_run_here()) {
    INFO(backend.name);
    for (std::uint32_t word = 0; word < 8; ++word)
      CHECK(spoiled(backend, Spoil::midstate_word_lost, word).has_value());
    for (std::uint32_t word = 0; word < 3; ++word)
      CHECK(spoiled(backend, Spoil::tail_word_lost, word).has_value());
    CHECK(spoiled(backend, Spoil::stale_input).has_value());
  }
}

TEST_CASE("self-test: refuses wrong ends of the range") {
  const Spoil spoil = GENERATE(Spoil::first_lane_lost, Spoil::last_of_range_lost,
                               Spoil::one_past_the_range, Spoil::last_nonce_lost);
  for (const auto& backend : backends_that_run_here()) {
    INFO(backend.name << ", fault " << static_cast<int>(spoil));
    CHECK(spoiled(backend, spoil).has_value());
  }
}

TEST_CASE("self-test: refuses a carry lost between the nonce's bytes") {
  for (const auto& backend : backends_that_run_here()) {
    for (std::uint32_t byte = 0; byte < 3; ++byte) {
      INFO(backend.name << ", byte " << byte);
      CHECK(spoiled(backend, Spoil::carry_lost, byte).has_value());
    }
  }
}

TEST_CASE("self-test: refuses a wrong use of the mask") {
  for (const auto& backend : backends_that_run_here()) {
    for (std::uint32_t bit = 0; bit < 32; ++bit) {
      INFO(backend.name << ", bit " << bit);
      CHECK(spoiled(backend, Spoil::mask_bit_ignored, bit).has_value());
      CHECK(spoiled(backend, Spoil::mask_bit_added, bit).has_value());
    }
    CHECK(spoiled(backend, Spoil::mask_ignored).has_value());
    CHECK(spoiled(backend, Spoil::mask_byteswapped).has_value());
  }
}

TEST_CASE("self-test: refuses wrong counts and repeated or invented hits") {
  const Spoil spoil = GENERATE(Spoil::silent_stop, Spoil::counts_short, Spoil::counts_long,
                               Spoil::counts_past_the_end, Spoil::duplicates, Spoil::no_progress,
                               Spoil::overclaims, Spoil::invents_a_hit);
  for (const auto& backend : backends_that_run_here()) {
    INFO(backend.name << ", fault " << static_cast<int>(spoil));
    CHECK(spoiled(backend, spoil).has_value());
  }
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

TEST_CASE("select_backends: keeps what passes, in order, and names what fails") {
  const HashBackend good = compiled_backends().back();
  plant = {Spoil::slot_lost, 3, good, {}};
  const HashBackend broken{"broken", kNoFeatures, 1, spoiled_scan};
  const HashBackend fancy{"fancy", kAvx512, 1, good.scan};

  const BackendSelection selection =
      select_backends(std::vector{fancy, broken, good}, CpuFeatures{kSse2 | kAvx2});
  REQUIRE(selection.usable.size() == 1);
  CHECK(std::string(selection.usable[0].name) == good.name);
  REQUIRE(selection.failed.size() == 1);
  CHECK(selection.failed[0].name == "broken");
  CHECK(selection.failed[0].reason == "wrong result in lane 0, midstate 3");
  CHECK(selection.scalar_ok);

  const BackendSelection all =
      select_backends(std::vector{fancy, good}, CpuFeatures{kSse2 | kAvx2 | kAvx512});
  REQUIRE(all.usable.size() == 2);
  CHECK(std::string(all.usable[0].name) == "fancy");
  CHECK(std::string(all.usable[1].name) == good.name);
  CHECK(all.failed.empty());
}

TEST_CASE("select_backends: every one of several needs must be there") {
  const HashBackend good = compiled_backends().back();
  const HashBackend picky{"picky", kSse2 | kAvx2, 1, good.scan};
  CHECK(select_backends(std::vector{picky}, kSse2).usable.empty());
  CHECK(select_backends(std::vector{picky}, kAvx2).usable.empty());
  CHECK(select_backends(std::vector{picky}, kSse2 | kAvx2).usable.size() == 1);
}

TEST_CASE("select_backends: a broken scalar kernel is not ok, however good the others") {
  const HashBackend good = compiled_backends().back();
  plant = {Spoil::duplicates, 0, good, {}};
  const HashBackend fast{"fast", kSse2, 1, good.scan};
  const HashBackend broken_scalar{"scalar", kNoFeatures, 1, spoiled_scan};
  const BackendSelection selection = select_backends(std::vector{fast, broken_scalar}, kSse2);
  CHECK_FALSE(selection.scalar_ok);
  CHECK(selection.usable.size() == 1);
  REQUIRE(selection.failed.size() == 1);
  CHECK(selection.failed[0].name == "scalar");
  CHECK_FALSE(select_backends({}, kSse2).scalar_ok);
}

TEST_CASE("select_backends: this machine's own kernels all pass") {
  const BackendSelection selection = select_backends(compiled_backends(), detect_cpu_features());
  CHECK(selection.scalar_ok);
  CHECK(selection.failed.empty());
  CHECK(selection.usable.size() == backends_that_run_here().size());
}
