#pragma once
// A kernel's proof of itself, run at every start before it may hash for anyone.

#include <optional>
#include <string>

#include "core/backend.h"

namespace ebb::core {

/// Runs `backend` against the scalar oracle: a winning nonce in each lane and each midstate slot,
/// each bit of the mask, ranges of every length around the lane count and across byte borders,
/// nonces 0 and 2^32 - 1, a full candidate buffer and random headers. Takes 10 to 40 ms. Nothing
/// when all is right, else what was wrong.
std::optional<std::string> self_test(const HashBackend& backend);

}  // namespace ebb::core
