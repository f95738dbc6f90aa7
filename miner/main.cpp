// ebb's entry: reads the command line and runs the command.

#include <cstdio>
#include <exception>

#include "miner/bench_command.h"
#include "miner/calibrate_command.h"
#include "miner/check_command.h"
#include "miner/devices.h"
#include "miner/mine.h"
#include "miner/operator_command.h"
#include "miner/options.h"
#include "miner/pool_command.h"
#include "miner/report_command.h"
#include "miner/simulate_command.h"

namespace {

struct Run {
  int operator()(const ebb::miner::MineOptions& options) { return run_mine(options); }
  int operator()(const ebb::miner::PoolOptions& options) { return run_pool(options); }
  int operator()(const ebb::miner::DevicesOptions& options) { return run_devices(options); }
  int operator()(const ebb::bench::HashBenchOptions& options) {
    return ebb::miner::run_bench(options);
  }
  int operator()(const ebb::miner::ControlOptions& options) { return run_control(options); }
  int operator()(const ebb::miner::CheckOptions& options) { return run_check(options); }
  int operator()(const ebb::miner::SimulateOptions& options) { return run_simulate(options); }
  int operator()(const ebb::miner::ReportOptions& options) { return run_report(options); }
  int operator()(const ebb::miner::CalibrateOptions& options) { return run_calibrate(options); }
  int operator()(const ebb::bench::ThrottleBenchOptions& options) {
    return ebb::miner::run_bench(options);
  }
};

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto command = ebb::miner::parse_command_line(argc, argv);
    if (!command) {
      const auto& [code, text] = command.error();
      if (code == 0) {
        std::fputs(text.c_str(), stdout);
      } else {
        std::fprintf(stderr, "ebb: %s\n", text.c_str());
      }
      return code;
    }
    return std::visit(Run(), *command);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ebb: %s\n", error.what());
    return 1;
  }
}
