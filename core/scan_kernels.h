#pragma once
// The compiled kernels. Each lives in its own object, built for its own instruction set.

#include "core/scan.h"

namespace ebb::core {

ScanResult scan_scalar(const ScanInput&, std::uint32_t, std::uint64_t, Candidate*,
                       std::uint32_t) noexcept;
#if defined(__x86_64__)
ScanResult scan_sse2(const ScanInput&, std::uint32_t, std::uint64_t, Candidate*,
                     std::uint32_t) noexcept;
ScanResult scan_avx2(const ScanInput&, std::uint32_t, std::uint64_t, Candidate*,
                     std::uint32_t) noexcept;
ScanResult scan_avx512(const ScanInput&, std::uint32_t, std::uint64_t, Candidate*,
                       std::uint32_t) noexcept;
ScanResult scan_shani(const ScanInput&, std::uint32_t, std::uint64_t, Candidate*,
                      std::uint32_t) noexcept;
#elif defined(__aarch64__)
ScanResult scan_neon(const ScanInput&, std::uint32_t, std::uint64_t, Candidate*,
                     std::uint32_t) noexcept;
ScanResult scan_armv8(const ScanInput&, std::uint32_t, std::uint64_t, Candidate*,
                      std::uint32_t) noexcept;
#endif

}  // namespace ebb::core
