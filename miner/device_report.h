#pragma once
// `ebb devices` as people and programs read it. Pure text; no state.

#include <optional>
#include <string>
#include <vector>

#include "core/backend_speed.h"
#include "core/cpu_topology.h"
#include "cuda/card_info.h"
#include "cuda/nvml.h"
#include "cuda/variant.h"

namespace ebb::miner {

/// The CPUs, and the threads that mine on them without further options.
struct CpuSummary {
  std::size_t packages = 0, cores = 0, cpus = 0;
  std::optional<double> quota;
  core::ThreadPlan plan;
};

CpuSummary summarise_cpus(const core::CpuTopology& topology);

struct BackendRow {
  std::string name;
  unsigned lanes = 0;
  std::string why_not;                      ///< empty: usable, and `speed` is there
  std::optional<core::BackendSpeed> speed;  ///< of one thread
  bool chosen = false;                      ///< what `ebb mine` takes by itself
};

struct CardRow {
  std::string name;  ///< "cuda:0"
  cuda::CardInfo card;
  cuda::TuningPair tuning;
  std::optional<double> hps_versions, hps_alone;  ///< measured, with 32 midstates and with one
  cuda::CardReading reading;
};

struct DeviceReport {
  CpuSummary cpus;
  std::vector<BackendRow> backends;
  std::vector<CardRow> cards;
  std::string no_cards_because;
};

/// A row for each of `compiled`, in that order; `speeds` belong to `selection.usable`.
std::vector<BackendRow> backend_rows(std::span<const core::HashBackend> compiled,
                                     core::CpuFeatures features,
                                     const core::BackendSelection& selection,
                                     std::span<const core::BackendSpeed> speeds);

std::string device_table(const DeviceReport& report);

/// One JSON object, without a line end.
std::string device_json(const DeviceReport& report);

}  // namespace ebb::miner
