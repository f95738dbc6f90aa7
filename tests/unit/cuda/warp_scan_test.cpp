#include "cuda/warp_scan.h"

#include <algorithm>
#include <random>
#include <vector>

#include "tests/unit/catch.h"
#include "tests/unit/cuda/card_support.h"
#include "tests/unit/cuda/emulated_kernel.h"

namespace ebb::cuda {
namespace {

using Key = test::Headers::Key;

/// Headers that differ in their version, and the scan of some of their nonces.
struct Problem {
  Problem(std::mt19937& random, unsigned versions, std::uint32_t first, std::uint32_t batch,
          std::uint32_t batches)
      : headers(versions), state(std::make_unique<ScanState>()) {
    state->generation = params.generation = static_cast<std::uint32_t>(random());
    params.state = state.get();
    params.first = first;
    params.batch = batch;
    params.batches = batches;
    params.runs = batches + 1;
    while ((1u << params.version_bits) < versions)
      ++params.version_bits;
    params.uniforms = core::make_uniforms(headers.input);
    for (unsigned i = 0; i < versions; ++i)
      params.leads[i] = core::make_lead<std::uint32_t>(headers.input, i);
  }

  std::uint32_t value(std::uint32_t nonce, std::uint32_t version) const {
    return headers.value(nonce, version);
  }

  std::vector<Key> expected() {
    headers.input.threshold = params.threshold;
    return headers.expected(params.first, std::uint64_t{params.batch} * params.batches);
  }

  /// What `warps` warps find that take turns; the lanes without a version left out.
  std::vector<Key> scan(const Variant& variant, unsigned warps = 2) {
    state->taken = state->found = 0;
    std::vector<std::unique_ptr<test::Kernel>> kernels;
    for (unsigned i = 0; i < warps; ++i)
      kernels.push_back(test::make_kernel(variant, params));
    bool more = true;
    while (more) {
      more = false;
      for (const auto& kernel : kernels)
        more |= kernel->step();
    }
    std::vector<Key> keys;
    for (std::uint32_t i = 0; i < std::min(state->found, kScanCapacity); ++i) {
      const core::Candidate& candidate = state->candidates[i];
      if (candidate.midstate < headers.headers.size())
        keys.emplace_back(candidate.nonce, candidate.midstate);
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  test::Headers headers;
  std::unique_ptr<ScanState> state;
  ScanParams params{};
};

bool fits(const Variant& variant, unsigned versions) {
  return variant.layout == Layout::versions || versions == 1;
}

TEST_CASE("every kernel agrees with the oracle, for 1 to 32 versions") {
  std::mt19937 random(1);
  for (unsigned versions = 1; versions <= core::kMaxMidstates; ++versions) {
    Problem problem(random, versions, static_cast<std::uint32_t>(random()), 32, 1);
    // Every hash, a quarter, one that is met exactly, one that is just missed, and none.
    const std::uint32_t exact = problem.value(problem.params.first + versions, versions - 1);
    for (const std::uint32_t threshold : {0xffffffffu, 0x3fffffffu, exact, exact - 1, 0u}) {
      problem.params.threshold = threshold;
      const auto expected = problem.expected();
      for (const Variant& variant : kVariants) {
        if (!fits(variant, versions)) continue;
        INFO(name_of(variant) << ", " << versions << " versions, threshold " << threshold);
        REQUIRE(problem.scan(variant) == expected);
      }
    }
  }
}

TEST_CASE("kernels scan batches of every size, also across the last nonce's end") {
  std::mt19937 random(2);
  for (const std::uint32_t first : {0u, 0xffffff80u, 0x7fffffe0u}) {
    for (const unsigned versions : {1u, 8u, 32u}) {
      for (const std::uint32_t batch : {8u, 16u, 32u, 64u}) {
        Problem problem(random, versions, first, batch, 128 / batch);
        problem.params.threshold = 0x1fffffff;
        const auto expected = problem.expected();
        for (const Variant& variant : kVariants) {
          const bool rows = batch <= kMaxRows && batch >= kWarpLanes >> problem.params.version_bits;
          const bool possible =
              variant.layout == Layout::versions ? rows : versions == 1 && batch >= kWarpLanes;
          if (!possible) continue;
          INFO(name_of(variant) << ", batch " << batch << ", first " << first);
          REQUIRE(problem.scan(variant, 3) == expected);
        }
      }
    }
  }
}

TEST_CASE("a scan called off has done exactly the batches that were taken") {
  std::mt19937 random(3);
  for (const Variant& variant : kVariants) {
    Problem problem(random, variant.layout == Layout::versions ? 32 : 1, 1000, 32, 10);
    problem.params.threshold = 0x3fffffff;
    auto first = test::make_kernel(variant, problem.params);
    auto second = test::make_kernel(variant, problem.params);
    CHECK(first->step());
    CHECK(second->step());
    CHECK(first->step());
    problem.state->generation = 0;
    CHECK_FALSE(first->step());
    CHECK_FALSE(second->step());
    CHECK(problem.state->taken == 3);
    problem.params.batches = 3;
    CHECK(problem.state->found == problem.expected().size());
  }
}

TEST_CASE("candidates beyond the room for them are counted and not written") {
  std::mt19937 random(4);
  Problem problem(random, 32, 0, 32, 3);
  problem.params.threshold = 0xffffffff;
  for (const Variant& variant : kVariants) {
    if (variant.layout == Layout::nonces) continue;
    CHECK(problem.scan(variant).size() == kScanCapacity);
    CHECK(problem.state->found == 3 * 32 * 32);
  }
}

TEST_CASE("every word that a kernel is given matters") {
  std::mt19937 random(5);
  Problem problem(random, 2, 12345, 32, 1);
  problem.params.threshold = 0x7fffffff;
  const auto expected = problem.expected();
  REQUIRE(problem.scan(kVariants[0]) == expected);
  const auto check = [&](const char* of, std::size_t index, std::uint32_t& word) {
    INFO(of << ", word " << index);
    word = ~word;
    CHECK(problem.scan(kVariants[0]) != expected);
    word = ~word;
  };
  auto* uniform = reinterpret_cast<std::uint32_t*>(&problem.params.uniforms);
  for (std::size_t i = 0; i < sizeof(core::Uniforms) / 4; ++i)
    check("uniforms", i, uniform[i]);
  auto* lead = reinterpret_cast<std::uint32_t*>(&problem.params.leads[1]);
  for (std::size_t i = 0; i < sizeof(core::Lead<std::uint32_t>) / 4; ++i)
    check("lead", i, lead[i]);
}

TEST_CASE("a variant's name finds it again") {
  for (const Variant& variant : kVariants)
    CHECK(find_variant(name_of(variant)) == variant);
  CHECK(name_of({Layout::versions, Form::fma_adds, 48}) == "versions-fma_adds-48");
  CHECK_FALSE(find_variant("versions-fma_adds-32"));
  CHECK_FALSE(find_variant(""));
}

}  // namespace
}  // namespace ebb::cuda
