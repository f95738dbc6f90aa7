#pragma once
// Which devices this run hashes on.

#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "core/backend.h"
#include "core/device.h"
#include "cuda/card_id.h"
#include "miner/options.h"

namespace spdlog {
class logger;
}

namespace ebb::miner {

struct OpenedDevice {
  std::unique_ptr<core::Device> device;
  std::optional<unsigned> cpu;         ///< where its worker thread is pinned
  std::optional<cuda::CardId> card{};  ///< of a CUDA device
};

struct StartError {
  int exit_code = 1;
  std::string text;
};

/// Tests the CPU's backends against the oracle, warns of each one dropped, and opens what the
/// options ask for, its CPU threads with the fastest backend as measured (core/backend_speed.h) or
/// the one named. Exit code 3 when the scalar code itself fails, 2 for a backend that this CPU
/// cannot run, 1 for a device that is not there.
tl::expected<std::vector<OpenedDevice>, StartError> open_devices(const MineOptions& options,
                                                                 spdlog::logger& log);

/// The CUDA cards among them.
std::vector<CardInUse> cards_in_use(const std::vector<OpenedDevice>& devices);

/// `ebb devices`: prints what can hash here, and how fast. Returns the exit code.
int run_devices(const DevicesOptions& options);

}  // namespace ebb::miner
