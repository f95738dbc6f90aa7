#pragma once
// What the machine allows at best, from counted operations.

#include <optional>
#include <string_view>

namespace ebb::bench {

/// Cycles per hash below which no kernel of this design can go: its operations by the vector ports
/// that take them (Intel since Skylake: AVX-512 2 a cycle; AVX2 and SSE2 3, shifts on 2 of them).
/// Nothing for backends whose operations nobody has counted.
std::optional<double> bound_cycles(std::string_view backend, unsigned midstates);

}  // namespace ebb::bench
