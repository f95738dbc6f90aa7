#pragma once
// What this CPU can do and the operating system lets it do.

#include <cstdint>
#include <string>

namespace ebb::core {

/// Bit set; a backend lists what it needs, the machine what it has.
enum CpuFeature : std::uint32_t {
  kNoFeatures = 0,
  kSse2 = 1u << 0,
  kAvx2 = 1u << 1,    ///< CPUID bits of AVX and AVX2, and XCR0 with XMM and YMM state
  kAvx512 = 1u << 2,  ///< F and VL, and XCR0 with opmask and ZMM state
  kShaNi = 1u << 3,   ///< SHA, and the SSSE3 and SSE4.1 that go with it
  kNeon = 1u << 4,
  kArmSha2 = 1u << 5,  ///< SHA-256 of the ARMv8 cryptographic extension
};

using CpuFeatures = std::uint32_t;

/// "AVX2, AVX-512": what a person would call this set; empty for none.
std::string describe(CpuFeatures features);

/// On x86 CPUID and, for the wider registers, XCR0: a kernel that does not save the registers makes
/// the instructions fault or, worse, corrupt other threads. On ARM what the kernel tells programs.
CpuFeatures detect_cpu_features();

/// The rules behind detect_cpu_features(), for any machine.
struct CpuidWords {
  std::uint32_t leaf1_ecx = 0, leaf1_edx = 0, leaf7_ebx = 0;
  std::uint64_t xcr0 = 0;  ///< 0 when OSXSAVE is off
};
CpuFeatures features_from_cpuid(const CpuidWords& words);
CpuFeatures features_from_hwcap(unsigned long hwcap);  ///< getauxval(AT_HWCAP) on 64-bit ARM

}  // namespace ebb::core
