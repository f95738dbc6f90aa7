#pragma once
// The contract between the engine and a scan kernel. The ISA objects include this header, so it
// includes nothing but fixed-width integers and emits no code.

#include <cstdint>

namespace ebb::core {

/// Most version-rolled midstates one scan may share a message schedule between.
inline constexpr unsigned kMaxMidstates = 32;

/// Most nonces that a kernel tries side by side: two vectors of the widest.
inline constexpr unsigned kMaxLanes = 32;

/// The smallest candidate buffer a kernel may be given: one step can find this many.
inline constexpr std::uint32_t kMinCandidateCapacity = kMaxMidstates * kMaxLanes;

/// All a kernel sees of a work unit. The headers differ in their version only, so they share the
/// second 64-byte block (and its message schedule) and have a midstate each.
struct ScanInput {
  std::uint32_t midstate_count = 0;  ///< 1..kMaxMidstates
  std::uint32_t midstates[kMaxMidstates][8] = {};
  std::uint32_t tail[3] = {};  ///< big-endian words: end of the merkle root, time, bits
  // Two tests of the hash's last state word h7 that every share passes. A kernel makes one of them:
  // the second is as fine as 32 bits can be, the first costs a CPU less.
  std::uint32_t zero_mask = 0;    ///< (h7 & zero_mask) == 0
  std::uint32_t threshold = ~0u;  ///< h7 with its bytes swapped is not above it
};

/// A nonce whose hash passed the kernel's filter. It is not a share before verify() says so.
struct Candidate {
  std::uint32_t nonce = 0;  ///< as a number; the header holds it little-endian
  std::uint32_t midstate = 0;
};

struct ScanResult {
  std::uint64_t scanned = 0;  ///< nonces tried, each with every midstate, counted from `first`
  std::uint32_t found = 0;    ///< candidates written
};

/// Tries nonces first .. first + count - 1 (first + count <= 2^32) and writes every candidate, in
/// no particular order. Stops early, and says so in `scanned`, when the next step could overflow
/// the buffer: nothing is ever lost and nothing is ever scanned twice.
/// Needs capacity >= kMinCandidateCapacity. Pure, callable from any thread.
using ScanFunction = ScanResult (*)(const ScanInput& input, std::uint32_t first,
                                    std::uint64_t count, Candidate* out,
                                    std::uint32_t capacity) noexcept;

}  // namespace ebb::core
