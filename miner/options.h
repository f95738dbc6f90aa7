#pragma once
// The command line, read and checked before anything starts.

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "bench/hash_bench.h"
#include "bench/throttle_bench_options.h"
#include "core/bytes.h"
#include "core/cpu_topology.h"
#include "miner/cards.h"
#include "miner/operator_options.h"
#include "miner/pool_settings.h"
#include "miner/throttle_options.h"
#include "stratum/pool_choice.h"
#include "stratum/pool_url.h"
#include "throttle/limit.h"

namespace ebb::miner {

struct MineOptions {
  std::vector<PoolSettings> pools;  ///< empty: the demo's own pool
  stratum::PoolStrategy strategy;
  std::string devices = "auto";
  bool retune = false;          ///< measure CUDA cards anew
  std::string backend;          ///< empty: the fastest usable one
  core::ThreadRequest threads;  ///< on the CPU
  throttle::Limit limit;        ///< for the whole run
  ThrottleOptions throttle;
  CardOptions cards;
  std::optional<std::chrono::milliseconds> run_for;
  std::string summary;    ///< file, "-" for stdout, empty for none
  std::string share_log;  ///< file, empty for none
};

struct PoolOptions {
  stratum::HostPort listen;
  std::optional<double> difficulty;  ///< nothing: adjusted to each miner
  std::string node;                  ///< http://user:pass@host:port; empty: demo templates
  core::Bytes payout_script;
  std::optional<std::chrono::milliseconds> run_for;
  std::string summary;
};

struct DevicesOptions {
  bool json = false;
  bool retune = false;
};

using Command = std::variant<MineOptions, PoolOptions, DevicesOptions, bench::HashBenchOptions,
                             ControlOptions, CheckOptions, SimulateOptions, ReportOptions,
                             CalibrateOptions, bench::ThrottleBenchOptions>;

/// The program ends here: help or version on stdout (code 0), or one line on stderr (code 2).
struct EarlyExit {
  int code = 2;
  std::string text;
};

tl::expected<Command, EarlyExit> parse_command_line(int argc, const char* const* argv);

}  // namespace ebb::miner
