#pragma once
// What several of core's tests need.

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/header.h"

namespace ebb::test {

struct MainnetHeader {
  unsigned height;
  core::Header header;
  std::string hash;  ///< as explorers print it
};

inline std::vector<MainnetHeader> mainnet_headers() {
  std::ifstream file(EBB_TEST_DATA "/mainnet_headers.txt");
  std::vector<MainnetHeader> headers;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    unsigned height = 0;
    std::string hex, hash;
    fields >> height >> hex >> hash;
    const auto bytes = core::from_hex(hex);
    if (!bytes || bytes->size() != 80) throw std::runtime_error("bad line: " + line);
    const std::span<const std::uint8_t, 80> fixed(bytes->data(), 80);
    headers.push_back({height, core::Header::parse(fixed), hash});
  }
  return headers;
}

/// The same stream on every run and every standard library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t u64() { return engine_(); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(engine_() >> 32); }
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(u64() % limit); }
  core::Hash256 hash() {
    core::Hash256 out;
    for (auto& byte : out.bytes)
      byte = static_cast<std::uint8_t>(u64());
    return out;
  }

 private:
  std::mt19937_64 engine_;
};

inline core::Header random_header(Random& random) {
  return {0, random.hash(), random.hash(), random.u32(), random.u32(), 0};
}

inline std::vector<std::uint32_t> random_versions(Random& random, std::size_t count) {
  std::vector<std::uint32_t> versions(count);
  for (auto& version : versions)
    version = random.u32();
  return versions;
}

inline core::ScanInput input_of(core::Header header, const std::vector<std::uint32_t>& versions,
                                std::uint32_t zero_mask) {
  core::ScanInput input;
  input.midstate_count = static_cast<std::uint32_t>(versions.size());
  for (std::size_t i = 0; i < versions.size(); ++i) {
    header.version = versions[i];
    const core::Midstate state = header.midstate();
    std::copy(state.words.begin(), state.words.end(), input.midstates[i]);
  }
  const auto bytes = header.serialize();
  for (std::size_t i = 0; i < 3; ++i)
    input.tail[i] = core::load_be32(&bytes[64 + 4 * i]);
  input.zero_mask = zero_mask;
  return input;
}

/// The word of the hash that a kernel tests, by the oracle.
inline std::uint32_t last_word(core::Header header, std::uint32_t version, std::uint32_t nonce) {
  header.version = version;
  header.nonce = nonce;
  return core::load_be32(&header.hash().bytes[28]);
}

inline std::vector<core::HashBackend> backends_that_run_here() {
  std::vector<core::HashBackend> backends;
  for (const auto& backend : core::compiled_backends()) {
    if ((backend.needs & ~core::detect_cpu_features()) == 0) backends.push_back(backend);
  }
  return backends;
}

}  // namespace ebb::test
