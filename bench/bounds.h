#pragma once
// What the machine allows at best, from counted operations.

#include <optional>
#include <string_view>

#include "cuda/card_info.h"
#include "cuda/variant.h"

namespace ebb::bench {

/// Cycles per hash below which no kernel of this design can go: its operations by the vector ports
/// that take them (Intel since Skylake: AVX-512 2 a cycle; AVX2 and SSE2 3, shifts on 2 of them).
/// Nothing for backends whose operations nobody has counted.
std::optional<double> bound_cycles(std::string_view backend, unsigned midstates);

/// Hashes per second that a card's ALU pipes allow at this clock: each takes one instruction of
/// shifts, logic or plain addition for 16 lanes a cycle, and a multiprocessor has four. Nothing
/// where these are not the limit (12.0 adds at twice the rate) or nobody has counted.
std::optional<double> bound_hps(const cuda::Variant& variant, unsigned midstates,
                                const cuda::CardInfo& card, double sm_hz);

}  // namespace ebb::bench
