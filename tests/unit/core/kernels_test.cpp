#include <algorithm>
#include <utility>

#include "core/target.h"
#include "tests/unit/catch.h"
#include "tests/unit/core/support.h"

using namespace ebb::core;
using ebb::test::input_of;
using ebb::test::last_word;
using ebb::test::Random;

namespace {

using Hit = std::pair<std::uint32_t, std::uint32_t>;  // nonce, midstate

/// What scanning the whole range finds, sorted. Fails the test when the kernel breaks its contract.
std::vector<Hit> scan_all(const HashBackend& backend, const ScanInput& input, std::uint32_t first,
                          std::uint64_t count, std::uint32_t capacity = kMinCandidateCapacity) {
  const Candidate canary{0xcafef00d, 0xdeadc0de};
  std::vector<Candidate> buffer(capacity + 64, canary);
  std::vector<Hit> hits;
  for (std::uint64_t done = 0; done < count;) {
    const ScanResult result = backend.scan(input, static_cast<std::uint32_t>(first + done),
                                           count - done, buffer.data(), capacity);
    if (result.scanned == 0) FAIL("no progress");
    if (result.scanned > count - done) FAIL("scanned more than asked");
    if (result.found > capacity) FAIL("more candidates than fit");
    for (std::uint32_t i = 0; i < result.found; ++i)
      hits.emplace_back(buffer[i].nonce, buffer[i].midstate);
    done += result.scanned;
  }
  for (std::size_t i = capacity; i < buffer.size(); ++i) {
    if (buffer[i].nonce != canary.nonce) FAIL("wrote past the buffer");
  }
  std::sort(hits.begin(), hits.end());
  return hits;
}

/// A range of nonces with the oracle's answer for any mask.
struct Problem {
  Problem(Random& random, std::size_t midstates, std::uint32_t first_nonce, std::uint32_t nonces)
      : first(first_nonce), count(nonces) {
    header = ebb::test::random_header(random);
    versions = ebb::test::random_versions(random, midstates);
    for (std::uint32_t i = 0; i < count; ++i) {
      for (const std::uint32_t version : versions)
        words.push_back(last_word(header, version, first + i));
    }
  }

  ScanInput input(std::uint32_t zero_mask) const { return input_of(header, versions, zero_mask); }

  std::vector<Hit> expected(std::uint32_t zero_mask) const {
    std::vector<Hit> hits;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if ((words[i] & zero_mask) != 0) continue;
      hits.emplace_back(first + static_cast<std::uint32_t>(i / versions.size()),
                        static_cast<std::uint32_t>(i % versions.size()));
    }
    return hits;
  }

  Header header;
  std::vector<std::uint32_t> versions;
  std::uint32_t first;
  std::uint32_t count;
  std::vector<std::uint32_t> words;
};

}  // namespace

TEST_CASE("kernels: the list is fastest first and ends with what runs anywhere") {
  const auto backends = compiled_backends();
  REQUIRE_FALSE(backends.empty());
  CHECK(backends.back().needs == kNoFeatures);
  CHECK(backends.back().lanes == 1u);
  std::string names;
  for (const auto& backend : backends)
    names += std::string(backend.name) + " ";
#if defined(__x86_64__)
  CHECK(names == "avx512 shani avx2 sse2 scalar ");
#elif defined(__aarch64__)
  CHECK(names == "armv8 neon scalar ");
#endif
  for (const auto& backend : backends) {
    CHECK(backend.lanes <= kMaxLanes);
    if ((backend.needs & ~detect_cpu_features()) != 0) {
      WARN("skipped: this CPU lacks what " << backend.name << " needs");
    }
  }
  CHECK_FALSE(ebb::test::backends_that_run_here().empty());
}

TEST_CASE("kernels: every backend finds every mainnet header's nonce") {
  constexpr std::uint32_t kAround = 2000;
  const auto headers = ebb::test::mainnet_headers();
  for (const auto& backend : ebb::test::backends_that_run_here()) {
    for (std::size_t n = 0; n < headers.size(); ++n) {
      const Header& header = headers[n].header;
      const std::uint32_t mask = Target::from_compact(header.bits)->zero_mask();
      REQUIRE(mask != 0);
      const std::uint32_t first = header.nonce < kAround ? 0 : header.nonce - kAround;
      const std::uint64_t end =
          std::min(std::uint64_t{header.nonce} + kAround + 1, std::uint64_t{1} << 32);
      for (const unsigned midstates : {1u, 2u, 5u, 32u}) {
        // The true version in one slot, which over all the headers is each slot in turn.
        const auto slot = static_cast<std::uint32_t>(n % midstates);
        std::vector<std::uint32_t> versions(midstates, header.version);
        for (unsigned i = 0; i < midstates; ++i)
          versions[i] ^= (i ^ slot) << 13;
        INFO(backend.name << ", block " << headers[n].height << ", slot " << slot << " of "
                          << midstates);
        const auto hits = scan_all(backend, input_of(header, versions, mask), first, end - first);
        CHECK(std::count(hits.begin(), hits.end(), Hit{header.nonce, slot}) == 1);
        for (const auto& [nonce, midstate] : hits)
          CHECK((last_word(header, versions.at(midstate), nonce) & mask) == 0u);
      }
    }
  }
}

TEST_CASE("kernels: agree with the oracle on random headers, ranges and masks") {
  Random random(2024);
  const auto backends = ebb::test::backends_that_run_here();
  for (int round = 0; round < 250; ++round) {
    const Problem problem(random, 1 + random.below(kMaxMidstates), random.u32() & 0xfffffff0u,
                          1 + random.below(16));
    // None to five bits set anywhere: from all nonces down to one in 32.
    std::uint32_t mask = 0;
    for (std::uint32_t bits = random.below(6); bits > 0; --bits)
      mask |= 1u << random.below(32);
    const auto expected = problem.expected(mask);
    for (const auto& backend : backends) {
      INFO(backend.name << ", round " << round << ", mask " << to_hex(mask));
      CHECK(scan_all(backend, problem.input(mask), problem.first, problem.count) == expected);
    }
  }
}

TEST_CASE("kernels: every bit of the mask counts") {
  Random random(31);
  const Problem problem(random, 4, 1000, 40);
  for (const auto& backend : ebb::test::backends_that_run_here()) {
    for (int bit = 0; bit < 32; ++bit) {
      INFO(backend.name << ", bit " << bit);
      const std::uint32_t mask = 1u << bit;
      CHECK(scan_all(backend, problem.input(mask), problem.first, problem.count) ==
            problem.expected(mask));
    }
  }
}

TEST_CASE("kernels: every start and length around the lanes") {
  Random random(7);
  const Problem problem(random, 2, 64, 3 * kMaxLanes);
  for (const auto& backend : ebb::test::backends_that_run_here()) {
    for (std::uint32_t start = 0; start <= backend.lanes; ++start) {
      for (std::uint32_t count = 1; count <= 2 * backend.lanes + 1; ++count) {
        std::vector<Hit> expected;
        for (const Hit& hit : problem.expected(1)) {
          const std::uint32_t offset = hit.first - problem.first;
          if (offset >= start && offset < start + count) expected.push_back(hit);
        }
        INFO(backend.name << ", " << count << " from " << start);
        CHECK(scan_all(backend, problem.input(1), problem.first + start, count) == expected);
      }
    }
  }
}

TEST_CASE("kernels: every number of midstates, in ranges of every short length") {
  Random random(12);
  for (unsigned midstates = 1; midstates <= kMaxMidstates; ++midstates) {
    for (std::uint32_t count = 1; count <= 4; ++count) {
      const Problem problem(random, midstates, random.u32() & 0xfffffff0u, count);
      // All, half of them, none.
      for (const std::uint32_t mask : {0u, 1u, ~0u}) {
        for (const auto& backend : ebb::test::backends_that_run_here()) {
          INFO(backend.name << ", " << midstates << " midstates, " << count << " nonces");
          CHECK(scan_all(backend, problem.input(mask), problem.first, count) ==
                problem.expected(mask));
        }
      }
    }
  }
}

TEST_CASE("kernels: ranges across byte borders, to the last nonce and from the first") {
  Random random(8);
  for (const std::uint32_t first : {0u, 0x100u - 20, 0x10000u - 20, 0x1000000u - 20,
                                    0x80000000u - 20, 0xffffff00u - 20, 0u - 40}) {
    const Problem problem(random, 3, first, 40);
    for (const auto& backend : ebb::test::backends_that_run_here()) {
      INFO(backend.name << " from " << to_hex(first));
      CHECK(scan_all(backend, problem.input(1), first, 40) == problem.expected(1));
    }
  }
}

TEST_CASE("kernels: a full buffer stops the scan and loses nothing") {
  Random random(9);
  const Problem problem(random, kMaxMidstates, 3, 100);
  const auto expected = problem.expected(0);
  REQUIRE(expected.size() == 3200);
  for (const auto& backend : ebb::test::backends_that_run_here()) {
    for (const std::uint32_t capacity :
         {kMinCandidateCapacity, kMinCandidateCapacity + 1, 2 * kMinCandidateCapacity - 1, 3200u}) {
      INFO(backend.name << ", room for " << capacity);
      CHECK(scan_all(backend, problem.input(0), 3, 100, capacity) == expected);
    }
    // What was scanned and what was found belong together.
    std::vector<Candidate> buffer(kMinCandidateCapacity);
    const ScanResult result =
        backend.scan(problem.input(0), 3, 100, buffer.data(), kMinCandidateCapacity);
    CHECK(result.scanned < 100);
    CHECK(result.found == result.scanned * kMaxMidstates);
  }
}

TEST_CASE("kernels: all 2^32 nonces may be asked for at once") {
  Random random(10);
  const Problem problem(random, 1, 0, 16);
  std::vector<Candidate> buffer(kMinCandidateCapacity);
  for (const auto& backend : ebb::test::backends_that_run_here()) {
    INFO(backend.name);
    // Mask 0 takes every nonce, so that the buffer stops the scan soon.
    const ScanResult all = backend.scan(problem.input(0), 0, std::uint64_t{1} << 32, buffer.data(),
                                        kMinCandidateCapacity);
    CHECK(all.scanned == all.found);
    CHECK(all.found > kMinCandidateCapacity - kMaxLanes);
    const ScanResult rest = backend.scan(problem.input(0), 5, (std::uint64_t{1} << 32) - 5,
                                         buffer.data(), kMinCandidateCapacity);
    CHECK(rest.scanned == rest.found);
    CHECK(rest.found > kMinCandidateCapacity - 2 * kMaxLanes);
  }
}

TEST_CASE("kernels: nothing asked, nothing done") {
  Random random(11);
  const Problem problem(random, 1, 0, 1);
  for (const auto& backend : ebb::test::backends_that_run_here()) {
    for (const std::uint32_t first : {0u, 5u, 0xffffffffu}) {
      INFO(backend.name << " from " << first);
      std::vector<Candidate> buffer(kMinCandidateCapacity);
      const ScanResult result =
          backend.scan(problem.input(0), first, 0, buffer.data(), kMinCandidateCapacity);
      CHECK(result.scanned == 0u);
      CHECK(result.found == 0u);
    }
  }
}
