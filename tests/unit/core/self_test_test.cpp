// The self-test itself is tested: every fault planted below must be refused. Here a right kernel is
// behind a wrapper that spoils its results; self_test_mutant_test.cpp spoils the hash.

#include "core/self_test.h"

#include <algorithm>

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

}  // namespace

TEST_CASE("self-test: every compiled kernel that runs here passes") {
  for (const auto& backend : backends_that_run_here()) {
    INFO(backend.name);
    CHECK(self_test(backend).value_or("") == "");
  }
}

TEST_CASE("self-test: the wrapper passes while nothing is planted") {
  for (const auto& backend : backends_that_run_here())
    CHECK(spoiled(backend, Spoil::nothing).value_or("") == "");
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
