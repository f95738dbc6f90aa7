#include "core/cpu_features.h"

#include "core/backend.h"
#include "tests/unit/catch.h"

using namespace ebb::core;

namespace {

// Intel SDM volume 2A, CPUID; volume 1, 13.3, XCR0.
constexpr std::uint32_t kOsxsave = 1u << 27, kAvx = 1u << 28;                       // leaf 1 ECX
constexpr std::uint32_t kLeaf1Sse2 = 1u << 26;                                      // leaf 1 EDX
constexpr std::uint32_t kLeaf7Avx2 = 1u << 5, kAvx512F = 1u << 16, kVl = 1u << 31;  // leaf 7 EBX
constexpr std::uint64_t kX87 = 1, kXmm = 2, kYmm = 4, kOpmask = 0x20, kZmmHigh = 0x40,
                        kHigh16Zmm = 0x80;
constexpr std::uint64_t kAvxState = kX87 | kXmm | kYmm;
constexpr std::uint64_t kAvx512State = kAvxState | kOpmask | kZmmHigh | kHigh16Zmm;

/// A CPU and an operating system that can do everything.
CpuidWords everything() {
  return {kOsxsave | kAvx, kLeaf1Sse2, kLeaf7Avx2 | kAvx512F | kVl, kAvx512State};
}

CpuFeatures without(std::uint32_t CpuidWords::*word, std::uint32_t bit) {
  CpuidWords words = everything();
  words.*word &= ~bit;
  return features_from_cpuid(words);
}

CpuFeatures with_state(std::uint64_t xcr0) {
  CpuidWords words = everything();
  words.xcr0 = xcr0;
  return features_from_cpuid(words);
}

}  // namespace

TEST_CASE("cpu features: each needs its own bits") {
  CHECK(features_from_cpuid({}) == kNoFeatures);
  CHECK(features_from_cpuid(everything()) == (kSse2 | kAvx2 | kAvx512));
  CHECK(features_from_cpuid({0, kLeaf1Sse2, 0, 0}) == kSse2);
  CHECK(features_from_cpuid({kOsxsave | kAvx, kLeaf1Sse2, kLeaf7Avx2, kAvxState}) ==
        (kSse2 | kAvx2));
  CHECK(without(&CpuidWords::leaf1_edx, kLeaf1Sse2) == (kAvx2 | kAvx512));
}

TEST_CASE("cpu features: a CPU without one of the bits lacks what builds on it") {
  CHECK(without(&CpuidWords::leaf1_ecx, kAvx) == kSse2);
  CHECK(without(&CpuidWords::leaf7_ebx, kLeaf7Avx2) == kSse2);
  CHECK(without(&CpuidWords::leaf7_ebx, kAvx512F) == (kSse2 | kAvx2));
  CHECK(without(&CpuidWords::leaf7_ebx, kVl) == (kSse2 | kAvx2));
}

TEST_CASE("cpu features: without OSXSAVE nothing wide is usable, whatever XCR0 reads") {
  CHECK(without(&CpuidWords::leaf1_ecx, kOsxsave) == kSse2);
}

TEST_CASE("cpu features: registers the operating system does not save are not used") {
  CHECK(with_state(0) == kSse2);
  CHECK(with_state(kX87 | kXmm) == kSse2);
  CHECK(with_state(kX87 | kYmm) == kSse2);
  CHECK(with_state(kX87) == kSse2);
  CHECK(with_state(kAvxState) == (kSse2 | kAvx2));
  CHECK(with_state(kAvx512State & ~kOpmask) == (kSse2 | kAvx2));
  CHECK(with_state(kAvx512State & ~kZmmHigh) == (kSse2 | kAvx2));
  CHECK(with_state(kAvx512State & ~kHigh16Zmm) == (kSse2 | kAvx2));
  CHECK(with_state(kAvx512State & ~kYmm) == kSse2);
  CHECK(with_state(kAvx512State & ~kXmm) == kSse2);
  CHECK(with_state(kAvx512State | 0x100200) == (kSse2 | kAvx2 | kAvx512));
}

TEST_CASE("cpu features: this machine agrees with the compiler's own detection") {
  const CpuFeatures features = detect_cpu_features();
#if defined(__x86_64__)
  CHECK((features & kSse2) != 0);
  CHECK(((features & kAvx2) != 0) == (__builtin_cpu_supports("avx2") != 0));
  CHECK(((features & kAvx512) != 0) ==
        (__builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vl") != 0));
#else
  CHECK(features == kNoFeatures);
#endif
}

TEST_CASE("cpu features: have names for people") {
  CHECK(describe(kNoFeatures).empty());
  CHECK(describe(kAvx2) == "AVX2");
  CHECK(describe(kSse2 | kAvx512) == "SSE2, AVX-512");
}
