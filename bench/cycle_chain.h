#pragma once
// The clock a core really runs at, from code whose cycles are known.

#include <cstdint>
#include <string_view>

namespace ebb::bench {

/// Additions of which each waits for the one before: one cycle each on every core in use, whatever
/// else that core could do meanwhile.
using ChainFunction = void (*)(std::uint64_t additions) noexcept;

/// The chain in registers of the width that `backend` hashes in, so that a clock which a core
/// lowers for wide instructions is the one measured; of plain registers for unknown names. Runs
/// only where that backend does. The count is rounded up to a multiple of 64.
ChainFunction chain_for(std::string_view backend);

}  // namespace ebb::bench
