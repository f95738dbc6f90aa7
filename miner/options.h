#pragma once
// The command line, read and checked before anything starts.

#include <chrono>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "bench/hash_bench.h"
#include "core/bytes.h"
#include "core/cpu_topology.h"
#include "miner/cards.h"
#include "stratum/pool_url.h"
#include "throttle/cap.h"

namespace ebb::miner {

struct MineOptions {
  std::optional<stratum::PoolUrl> pool;  ///< nothing: the demo's own pool
  std::string user;
  std::string password;
  std::string devices = "auto";
  bool retune = false;          ///< measure CUDA cards anew
  std::string backend;          ///< empty: the fastest usable one
  core::ThreadRequest threads;  ///< on the CPU
  throttle::Cap cap;
  CardOptions cards;
  std::optional<double> suggest_difficulty;
  std::optional<std::chrono::milliseconds> run_for;
  std::string summary;  ///< file, "-" for stdout, empty for none
};

struct PoolOptions {
  stratum::PoolUrl listen;
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

using Command = std::variant<MineOptions, PoolOptions, DevicesOptions, bench::HashBenchOptions>;

/// The program ends here: help or version on stdout (code 0), or one line on stderr (code 2).
struct EarlyExit {
  int code = 2;
  std::string text;
};

tl::expected<Command, EarlyExit> parse_command_line(int argc, const char* const* argv);

/// "500ms", "20s", "5m", "1h"; above zero and below a year.
tl::expected<std::chrono::milliseconds, std::string> parse_duration(std::string_view text);

/// "0,2-3": CPU numbers, each one that this process may use.
tl::expected<std::vector<unsigned>, std::string> parse_cpu_list(std::string_view text);

}  // namespace ebb::miner
