// Proves every kernel that this CPU can run: its self-test, known answers, and a comparison with
// the oracle. It needs no test framework, so that a cross compiler can build it and an emulator run
// it.

#include <cstdio>

#include "core/self_test.h"
#include "core/target.h"
#include "tests/unit/core/support.h"

using namespace ebb::core;
using namespace ebb::test;

namespace {

using Hit = std::pair<std::uint32_t, std::uint32_t>;  // nonce, midstate

std::vector<Hit> scan(ScanFunction kernel, const ScanInput& input, std::uint32_t first,
                      std::uint32_t count) {
  std::vector<Candidate> buffer(2 * kMinCandidateCapacity);
  const ScanResult result =
      kernel(input, first, count, buffer.data(), static_cast<std::uint32_t>(buffer.size()));
  std::vector<Hit> hits;
  for (std::uint32_t i = 0; i < result.found && result.scanned == count; ++i)
    hits.emplace_back(buffer[i].nonce, buffer[i].midstate);
  std::sort(hits.begin(), hits.end());
  return hits;
}

bool finds_known_answers(ScanFunction kernel) {
  for (const auto& [height, header, hash] : mainnet_headers()) {
    const std::uint32_t mask = Target::from_compact(header.bits)->zero_mask();
    const std::vector<std::uint32_t> versions = {~header.version, header.version, 0};
    const auto hits = scan(kernel, input_of(header, versions, mask), header.nonce & ~7u, 8);
    if (hits != std::vector<Hit>{{header.nonce, 1}}) return false;
  }
  return true;
}

bool agrees_with_oracle(ScanFunction kernel) {
  Random random(3);
  for (unsigned round = 0; round < 4 * kMaxMidstates; ++round) {
    const Header header = random_header(random);
    const auto versions = random_versions(random, 1 + round % kMaxMidstates);
    const std::uint32_t count = 1 + random.below(kMaxLanes - 1);
    const std::uint32_t first = random.u32() & 0xffffff00u;
    const std::uint32_t mask = 1u << random.below(32);
    std::vector<Hit> expected;
    for (std::uint32_t nonce = first; nonce < first + count; ++nonce) {
      for (std::uint32_t i = 0; i < versions.size(); ++i) {
        if ((last_word(header, versions[i], nonce) & mask) == 0) expected.emplace_back(nonce, i);
      }
    }
    if (scan(kernel, input_of(header, versions, mask), first, count) != expected) return false;
  }
  return true;
}

/// A kernel with one bit of one midstate flipped.
ScanFunction sound;
ScanResult spoiled(const ScanInput& input, std::uint32_t first, std::uint64_t count, Candidate* out,
                   std::uint32_t capacity) noexcept {
  ScanInput wrong = input;
  wrong.midstates[input.midstate_count / 2][7] ^= 0x80000000;
  return sound(wrong, first, count, out, capacity);
}

bool checks_catch_it(const HashBackend& backend) {
  sound = backend.scan;
  return self_test({backend.name, backend.needs, backend.lanes, spoiled}) &&
         !finds_known_answers(spoiled) && !agrees_with_oracle(spoiled);
}

/// Nothing when all is right.
const char* fault_of(const HashBackend& backend) {
  if (self_test(backend)) return "fails its self-test";
  if (!finds_known_answers(backend.scan)) return "misses known answers";
  if (!agrees_with_oracle(backend.scan)) return "differs from the oracle";
  if (!checks_catch_it(backend)) return "passes though a fault is planted in it";
  return nullptr;
}

}  // namespace

/// --all: no kernel may be left out for lack of CPU features.
int main(int argc, char** argv) {
  const bool all = argc == 2 && std::string_view(argv[1]) == "--all";
  int faults = 0;
  for (const HashBackend& backend : compiled_backends()) {
    const bool runs = (backend.needs & ~detect_cpu_features()) == 0;
    const char* fault = runs ? fault_of(backend) : "skipped: this CPU cannot run it";
    std::printf("%s: %s\n", backend.name, fault == nullptr ? "right" : fault);
    if (fault != nullptr && (runs || all)) ++faults;
  }
  return faults == 0 ? 0 : 1;
}
