#include "core/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace ebb::core {
namespace {

bool has(std::uint64_t word, int bit) {
  return (word >> bit & 1) != 0;
}

}  // namespace

// Bit numbers: Intel SDM volume 2A, CPUID leaves 1 and 7; volume 1, 13.3 for XCR0.
CpuFeatures features_from_cpuid(const CpuidWords& words) {
  CpuFeatures features = kNoFeatures;
  if (has(words.leaf1_edx, 26)) features |= kSse2;

  const bool os_saves = has(words.leaf1_ecx, 27);
  const bool ymm_enabled = os_saves && (words.xcr0 & 0x06) == 0x06;
  const bool zmm_enabled = ymm_enabled && (words.xcr0 & 0xe0) == 0xe0;
  const bool avx2 = has(words.leaf1_ecx, 28) && has(words.leaf7_ebx, 5);
  const bool avx512 = has(words.leaf7_ebx, 16) && has(words.leaf7_ebx, 31);
  if (ymm_enabled && avx2) features |= kAvx2;
  if (zmm_enabled && avx2 && avx512) features |= kAvx512;

  const bool ssse3 = has(words.leaf1_ecx, 9), sse41 = has(words.leaf1_ecx, 19);
  if (ssse3 && sse41 && has(words.leaf7_ebx, 29)) features |= kShaNi;
  return features;
}

// Bit numbers: Linux, arch/arm64/include/uapi/asm/hwcap.h (ASIMD and SHA2).
CpuFeatures features_from_hwcap(unsigned long hwcap) {
  CpuFeatures features = kNoFeatures;
  if (has(hwcap, 1)) features |= kNeon;
  if (has(hwcap, 1) && has(hwcap, 6)) features |= kArmSha2;
  return features;
}

std::string describe(CpuFeatures features) {
  struct Name {
    CpuFeature feature;
    const char* text;
  };
  constexpr Name kNames[] = {{kSse2, "SSE2"}, {kAvx2, "AVX2"}, {kAvx512, "AVX-512"},
                             {kShaNi, "SHA"}, {kNeon, "NEON"}, {kArmSha2, "SHA2"}};
  std::string text;
  for (const Name& name : kNames) {
    if ((features & name.feature) != 0) text += (text.empty() ? "" : ", ") + std::string(name.text);
  }
  return text;
}

CpuFeatures detect_cpu_features() {
#if defined(__x86_64__)
  CpuidWords words;
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx)) {
    words.leaf1_ecx = ecx;
    words.leaf1_edx = edx;
  }
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) words.leaf7_ebx = ebx;
  if (has(words.leaf1_ecx, 27)) {
    std::uint32_t low = 0, high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    words.xcr0 = std::uint64_t{high} << 32 | low;
  }
  return features_from_cpuid(words);
#elif defined(__aarch64__) && defined(__linux__)
  return features_from_hwcap(getauxval(AT_HWCAP));
#else
  return kNoFeatures;
#endif
}

}  // namespace ebb::core
