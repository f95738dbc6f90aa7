#pragma once
// A device's proof of itself, run before it is listed.

#include <optional>
#include <string>

#include "core/device.h"

namespace ebb::cuda {

/// Scans random headers and compares with the scalar oracle: each bit of the hash's last word, the
/// first and the last nonces, a range that reaches every multiprocessor, and targets so easy that
/// the buffers fill. Uses one midstate. Takes about 0.2 s of CPU time. Nothing when all is right,
/// else what was wrong.
std::optional<std::string> self_test(core::Device& device);

}  // namespace ebb::cuda
