#include "core/cpu_features.h"

#include <fstream>
#include <iterator>
#include <string>

#include "core/backend.h"
#include "tests/unit/catch.h"

using namespace ebb::core;

namespace {

// Intel SDM volume 2A, CPUID; volume 1, 13.3, XCR0.
constexpr std::uint32_t kOsxsave = 1u << 27, kAvx = 1u << 28;                       // leaf 1 ECX
constexpr std::uint32_t kSsse3 = 1u << 9, kSse41 = 1u << 19;                        // leaf 1 ECX
constexpr std::uint32_t kLeaf1Sse2 = 1u << 26;                                      // leaf 1 EDX
constexpr std::uint32_t kLeaf7Avx2 = 1u << 5, kAvx512F = 1u << 16, kVl = 1u << 31;  // leaf 7 EBX
constexpr std::uint32_t kSha = 1u << 29;                                            // leaf 7 EBX
constexpr std::uint64_t kX87 = 1, kXmm = 2, kYmm = 4, kOpmask = 0x20, kZmmHigh = 0x40,
                        kHigh16Zmm = 0x80;
constexpr std::uint64_t kAvxState = kX87 | kXmm | kYmm;
constexpr std::uint64_t kAvx512State = kAvxState | kOpmask | kZmmHigh | kHigh16Zmm;

/// A CPU and an operating system that can do everything.
CpuidWords everything() {
  return {kOsxsave | kAvx | kSsse3 | kSse41, kLeaf1Sse2, kLeaf7Avx2 | kAvx512F | kVl | kSha,
          kAvx512State};
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
  CHECK(features_from_cpuid(everything()) == (kSse2 | kAvx2 | kAvx512 | kShaNi));
  CHECK(features_from_cpuid({0, kLeaf1Sse2, 0, 0}) == kSse2);
  CHECK(features_from_cpuid({kOsxsave | kAvx, kLeaf1Sse2, kLeaf7Avx2, kAvxState}) ==
        (kSse2 | kAvx2));
  CHECK(without(&CpuidWords::leaf1_edx, kLeaf1Sse2) == (kAvx2 | kAvx512 | kShaNi));
}

TEST_CASE("cpu features: a CPU without one of the bits lacks what builds on it") {
  CHECK(without(&CpuidWords::leaf1_ecx, kAvx) == (kSse2 | kShaNi));
  CHECK(without(&CpuidWords::leaf7_ebx, kLeaf7Avx2) == (kSse2 | kShaNi));
  CHECK(without(&CpuidWords::leaf7_ebx, kAvx512F) == (kSse2 | kAvx2 | kShaNi));
  CHECK(without(&CpuidWords::leaf7_ebx, kVl) == (kSse2 | kAvx2 | kShaNi));
}

TEST_CASE(
    "cpu features: SHA instructions need the SSE that their kernel uses, and no wide register") {
  CHECK(features_from_cpuid({kSsse3 | kSse41, 0, kSha, 0}) == kShaNi);
  for (const std::uint32_t bit : {kSsse3, kSse41})
    CHECK(without(&CpuidWords::leaf1_ecx, bit) == (kSse2 | kAvx2 | kAvx512));
  CHECK(without(&CpuidWords::leaf7_ebx, kSha) == (kSse2 | kAvx2 | kAvx512));
}

TEST_CASE("cpu features: 64-bit ARM's come from Linux's hwcap") {
  // arch/arm64/include/uapi/asm/hwcap.h
  constexpr unsigned long kAsimd = 1 << 1, kAes = 1 << 3, kSha1 = 1 << 5, kSha2 = 1 << 6;
  CHECK(features_from_hwcap(0) == kNoFeatures);
  CHECK(features_from_hwcap(kAsimd | kAes | kSha1) == kNeon);
  CHECK(features_from_hwcap(kAsimd | kSha2) == (kNeon | kArmSha2));
  CHECK(features_from_hwcap(kSha2) == kNoFeatures);
  CHECK(features_from_hwcap(~0ul & ~kSha2) == kNeon);
}

TEST_CASE("cpu features: without OSXSAVE nothing wide is usable, whatever XCR0 reads") {
  CHECK(without(&CpuidWords::leaf1_ecx, kOsxsave) == (kSse2 | kShaNi));
}

TEST_CASE("cpu features: registers the operating system does not save are not used") {
  CHECK(with_state(0) == (kSse2 | kShaNi));
  CHECK(with_state(kX87 | kXmm) == (kSse2 | kShaNi));
  CHECK(with_state(kX87 | kYmm) == (kSse2 | kShaNi));
  CHECK(with_state(kX87) == (kSse2 | kShaNi));
  CHECK(with_state(kAvxState) == (kSse2 | kAvx2 | kShaNi));
  CHECK(with_state(kAvx512State & ~kOpmask) == (kSse2 | kAvx2 | kShaNi));
  CHECK(with_state(kAvx512State & ~kZmmHigh) == (kSse2 | kAvx2 | kShaNi));
  CHECK(with_state(kAvx512State & ~kHigh16Zmm) == (kSse2 | kAvx2 | kShaNi));
  CHECK(with_state(kAvx512State & ~kYmm) == (kSse2 | kShaNi));
  CHECK(with_state(kAvx512State & ~kXmm) == (kSse2 | kShaNi));
  CHECK(with_state(kAvx512State | 0x100200) == (kSse2 | kAvx2 | kAvx512 | kShaNi));
}

TEST_CASE("cpu features: this machine agrees with others' detection") {
  const CpuFeatures features = detect_cpu_features();
#if defined(__x86_64__)
  CHECK((features & kSse2) != 0);
  CHECK(((features & kAvx2) != 0) == (__builtin_cpu_supports("avx2") != 0));
  CHECK(((features & kAvx512) != 0) ==
        (__builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vl") != 0));
  // clang 14's detection has no name for it, Linux's has.
  std::ifstream file("/proc/cpuinfo");
  const std::string cpuinfo{std::istreambuf_iterator<char>(file), {}};
  CHECK(((features & kShaNi) != 0) == (cpuinfo.find(" sha_ni") != std::string::npos));
#elif defined(__aarch64__)
  CHECK((features & kNeon) != 0);
#else
  CHECK(features == kNoFeatures);
#endif
}

TEST_CASE("cpu features: have names for people") {
  CHECK(describe(kNoFeatures).empty());
  CHECK(describe(kAvx2) == "AVX2");
  CHECK(describe(kSse2 | kAvx512) == "SSE2, AVX-512");
}
