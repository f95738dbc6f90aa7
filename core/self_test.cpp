#include "core/self_test.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/header.h"

namespace ebb::core {
namespace {

using CandidateKey = std::pair<std::uint32_t, std::uint32_t>;  // nonce, midstate

/// Repeatable stream of bits (Marsaglia's xorshift64*): a failure can be reproduced.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint32_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<std::uint32_t>(state_ * 0x2545f4914f6cdd1dULL >> 32);
  }

 private:
  std::uint64_t state_;
};

/// Random headers that differ in version, and the oracle's last state word for a range of nonces.
class Problem {
 public:
  Problem(Random& random, unsigned midstates, std::uint32_t first, std::uint32_t count)
      : first_(first), count_(count) {
    Header header;
    for (auto& byte : header.prev_hash.bytes)
      byte = static_cast<std::uint8_t>(random.next());
    for (auto& byte : header.merkle_root.bytes)
      byte = static_cast<std::uint8_t>(random.next());
    header.time = random.next();
    header.bits = random.next();
    input_.midstate_count = midstates;
    for (unsigned i = 0; i < midstates; ++i) {
      header.version = random.next();
      const Midstate state = header.midstate();
      std::copy(state.words.begin(), state.words.end(), input_.midstates[i]);
      for (std::uint32_t offset = 0; offset < count; ++offset) {
        header.nonce = first + offset;
        last_words_.push_back(load_be32(&header.hash().bytes[28]));
      }
    }
    const auto bytes = header.serialize();
    for (std::size_t i = 0; i < 3; ++i)
      input_.tail[i] = load_be32(&bytes[64 + 4 * i]);
  }

  ScanInput input(std::uint32_t zero_mask) const {
    ScanInput input = input_;
    input.zero_mask = zero_mask;
    return input;
  }

  std::uint32_t last_word(std::uint32_t nonce, unsigned midstate) const {
    return last_words_[midstate * count_ + (nonce - first_)];
  }

  /// What a right kernel reports for this range and mask, sorted.
  std::vector<CandidateKey> expected(std::uint32_t first, std::uint64_t count,
                                     std::uint32_t zero_mask) const {
    std::vector<CandidateKey> keys;
    for (std::uint64_t offset = 0; offset < count; ++offset) {
      const auto nonce = static_cast<std::uint32_t>(first + offset);
      for (unsigned i = 0; i < input_.midstate_count; ++i) {
        if ((last_word(nonce, i) & zero_mask) == 0) keys.emplace_back(nonce, i);
      }
    }
    return keys;
  }

 private:
  std::uint32_t first_;
  std::uint32_t count_;
  ScanInput input_;
  std::vector<std::uint32_t> last_words_;
};

/// Scans the whole range, going on where the kernel stopped for lack of room; nothing when it makes
/// no progress or breaks its contract.
std::optional<std::vector<CandidateKey>> scan_all(const HashBackend& backend,
                                                  const ScanInput& input, std::uint32_t first,
                                                  std::uint64_t count) {
  std::vector<CandidateKey> keys;
  std::array<Candidate, kMinCandidateCapacity> buffer;
  std::uint64_t done = 0;
  while (done < count) {
    const ScanResult result = backend.scan(input, static_cast<std::uint32_t>(first + done),
                                           count - done, buffer.data(), kMinCandidateCapacity);
    if (result.scanned == 0 || result.scanned > count - done) return std::nullopt;
    if (result.found > kMinCandidateCapacity) return std::nullopt;
    for (std::uint32_t i = 0; i < result.found; ++i) {
      keys.emplace_back(buffer[i].nonce, buffer[i].midstate);
    }
    done += result.scanned;
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

bool agrees(const HashBackend& backend, const Problem& problem, std::uint32_t first,
            std::uint64_t count, std::uint32_t zero_mask) {
  const auto got = scan_all(backend, problem.input(zero_mask), first, count);
  return got && *got == problem.expected(first, count, zero_mask);
}

std::optional<std::string> check_lanes_and_slots(const HashBackend& backend, Random& random) {
  const std::uint32_t first = random.next() & ~(kMaxLanes - 1) & 0x7fffffff;
  const Problem problem(random, kMaxMidstates, first, backend.lanes);
  for (std::uint32_t lane = 0; lane < backend.lanes; ++lane) {
    for (unsigned slot = 0; slot < kMaxMidstates; ++slot) {
      // The mask has about sixteen bits, and this hash is all but sure to be its only winner.
      const std::uint32_t zero_mask = ~problem.last_word(first + lane, slot);
      if (!agrees(backend, problem, first, backend.lanes, zero_mask)) {
        return "wrong result in lane " + std::to_string(lane) + ", midstate " +
               std::to_string(slot);
      }
    }
  }
  return std::nullopt;
}

std::optional<std::string> check_mask(const HashBackend& backend, Random& random) {
  const std::uint32_t first = random.next() & 0x7fffffff;
  const Problem problem(random, kMaxMidstates, first, backend.lanes);
  for (int bit = 0; bit < 32; ++bit) {
    if (!agrees(backend, problem, first, backend.lanes, 1u << bit)) {
      return "wrong result for bit " + std::to_string(bit) + " of the mask";
    }
  }
  // As in most real scans, there is nothing to be found.
  if (!agrees(backend, problem, first, backend.lanes, ~0u)) return "finds what is not there";
  return std::nullopt;
}

std::optional<std::string> check_ranges(const HashBackend& backend, Random& random) {
  const std::uint32_t longest = 2 * backend.lanes + 1;
  const std::uint32_t spread = longest + 2;  // every start within and around one vector
  // The third crosses a border of every byte of the nonce, the last ends at the last nonce.
  for (const std::uint32_t base :
       {0u, random.next() & 0x7ffffff0u, 0x80000000u - spread / 2, 0u - spread}) {
    const Problem problem(random, 3, base, spread);
    for (std::uint32_t count = 0; count <= longest; ++count) {
      const std::uint32_t start = base + spread - count - (count & 1);
      const std::uint32_t zero_mask = 1u << (count % 32);
      if (!agrees(backend, problem, start, count, zero_mask)) {
        return "wrong result for " + std::to_string(count) + " nonces from " + to_hex(start);
      }
    }
    if (!agrees(backend, problem, base, spread, 3)) return "wrong result from " + to_hex(base);
  }
  return std::nullopt;
}

std::optional<std::string> check_midstate_counts(const HashBackend& backend, Random& random) {
  for (unsigned midstates = 1; midstates <= kMaxMidstates; ++midstates) {
    const std::uint32_t first = random.next() & 0x7fffffff;
    const Problem problem(random, midstates, first, backend.lanes + 1);
    // Every hash; a quarter of them; the last midstate's first hash alone.
    for (const std::uint32_t zero_mask : {0u, 3u, ~problem.last_word(first, midstates - 1)}) {
      if (!agrees(backend, problem, first, backend.lanes + 1, zero_mask)) {
        return "wrong result with " + std::to_string(midstates) + " midstates";
      }
    }
  }
  return std::nullopt;
}

std::optional<std::string> check_full_buffer(const HashBackend& backend, Random& random) {
  // Mask 0 makes every nonce a candidate: two and a half buffers of them.
  constexpr std::uint32_t kNonces = 5 * kMinCandidateCapacity / 2 / kMaxMidstates;
  const Problem problem(random, kMaxMidstates, 5, kNonces);
  if (!agrees(backend, problem, 5, kNonces, 0)) return "loses candidates when the buffer is full";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> self_test(const HashBackend& backend) {
  Random random(0x6562622d73656c66);
  for (const auto check : {check_lanes_and_slots, check_mask, check_ranges, check_midstate_counts,
                           check_full_buffer}) {
    if (auto reason = check(backend, random)) return reason;
  }
  return std::nullopt;
}

}  // namespace ebb::core
