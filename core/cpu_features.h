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
};

using CpuFeatures = std::uint32_t;

/// "AVX2, AVX-512": what a person would call this set; empty for none.
std::string describe(CpuFeatures features);

/// CPUID and, for the wider registers, XCR0: a kernel that does not save the registers makes the
/// instructions fault or, worse, corrupt other threads.
CpuFeatures detect_cpu_features();

/// The rule behind detect_cpu_features(), for any machine.
struct CpuidWords {
  std::uint32_t leaf1_ecx = 0, leaf1_edx = 0, leaf7_ebx = 0;
  std::uint64_t xcr0 = 0;  ///< 0 when OSXSAVE is off
};
CpuFeatures features_from_cpuid(const CpuidWords& words);

}  // namespace ebb::core
