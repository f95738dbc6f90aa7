#pragma once
// Scans of the emulated card and what they should find.

#include <algorithm>
#include <random>
#include <vector>

#include "core/header.h"
#include "core/scan.h"

namespace ebb::test {

/// Random headers that differ in their version.
struct Headers {
  explicit Headers(unsigned versions, std::uint32_t threshold = 0x0fffffff) {
    std::mt19937 random(versions);
    std::array<std::uint8_t, 80> bytes;
    for (auto& byte : bytes)
      byte = static_cast<std::uint8_t>(random());
    core::Header header = core::Header::parse(bytes);
    input.midstate_count = versions;
    input.threshold = threshold;
    for (std::size_t i = 0; i < 3; ++i)
      input.tail[i] = core::load_be32(&bytes[64 + 4 * i]);
    for (unsigned i = 0; i < versions; ++i) {
      header.version = static_cast<std::uint32_t>(random());
      const core::Midstate midstate = header.midstate();
      std::copy(midstate.words.begin(), midstate.words.end(), input.midstates[i]);
      headers.push_back(header);
    }
  }

  using Key = std::pair<std::uint32_t, std::uint32_t>;  // nonce, version

  /// What a kernel compares with the threshold.
  std::uint32_t value(std::uint32_t nonce, std::uint32_t version) const {
    core::Header header = headers[version];
    header.nonce = nonce;
    return core::load_le32(&header.hash().bytes[28]);
  }

  /// What a right scan finds, sorted.
  std::vector<Key> expected(std::uint32_t first, std::uint64_t count) const {
    std::vector<Key> keys;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto nonce = static_cast<std::uint32_t>(first + i);
      for (std::uint32_t version = 0; version < headers.size(); ++version) {
        if (value(nonce, version) <= input.threshold) keys.emplace_back(nonce, version);
      }
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  core::ScanInput input;
  std::vector<core::Header> headers;
};

inline std::vector<Headers::Key> keys_of(std::span<const core::Candidate> candidates) {
  std::vector<Headers::Key> keys;
  for (const core::Candidate& candidate : candidates)
    keys.emplace_back(candidate.nonce, candidate.midstate);
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace ebb::test
