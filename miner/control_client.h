#pragma once
// Asks the miner of a state folder.

#include <chrono>
#include <filesystem>

#include "miner/control.h"

namespace ebb::miner {

/// Blocks, at most `patience`. The error is one line: the miner refused, or none answers.
ControlReply ask_miner(const std::filesystem::path& state_folder, const ControlRequest& request,
                       std::chrono::milliseconds patience = std::chrono::seconds(10));

}  // namespace ebb::miner
