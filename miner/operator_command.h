#pragma once
// `ebb status`, `hold`, `release` and `override`.

#include <string>
#include <string_view>

#include "miner/operator_options.h"

namespace ebb::miner {

/// Asks and prints what the miner answers. Returns the exit code: 1 without an answer.
int run_control(const ControlOptions& options);

/// A status as a person reads it: a line for each thing that is there.
std::string status_text(std::string_view json);

}  // namespace ebb::miner
