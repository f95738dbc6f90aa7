#pragma once
// How far apart lies what two threads write.

#include <cstddef>

namespace ebb::core {

/// The alignment of everything that a thread writes and another must not be slowed by: two lines on
/// x86, where they are fetched in pairs, one on the ARM cores with the longest.
inline constexpr std::size_t kCacheLine = 128;

}  // namespace ebb::core
