#pragma once
// The flags of the commands: each adds its own to the command line and reads them afterwards.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "miner/options.h"

namespace ebb::miner {

/// Thrown to leave the reading of a command line at its first mistake; options.cpp catches it.
struct UsageError {
  std::string text;
};

/// The value, or a UsageError that names the flag.
template <class T>
T value_or_usage_error(const char* flag, tl::expected<T, std::string> value) {
  if (!value) throw UsageError{std::string(flag) + ": " + value.error()};
  return *std::move(value);
}

/// CLI11 collects strings; every check is ours, so that each mistake reads alike.
struct CommandFlags {
  CLI::App* command;
  std::function<Command()> read;  ///< once the command line has been parsed
};

CommandFlags mine_flags(CLI::App& app);
CommandFlags pool_flags(CLI::App& app);
CommandFlags devices_flags(CLI::App& app);
/// Of `ebb bench`'s commands.
std::vector<CommandFlags> bench_flags(CLI::App& bench);
/// `ebb hold`, `release`, `override` and `status`.
std::vector<CommandFlags> control_flags(CLI::App& app);
/// `ebb report`, `simulate`, `check` and `calibrate`.
std::vector<CommandFlags> planning_flags(CLI::App& app);

// What several of them have.

struct ThreadTexts {
  std::string threads, affinity, pin;
};
void add_thread_flags(CLI::App& command, ThreadTexts& texts);
/// `request`: what holds where a flag is not given.
void read_threads(const ThreadTexts& texts, core::ThreadRequest& request);

void add_state_flag(CLI::App& command, std::string& text);
std::filesystem::path read_state_folder(const std::string& text);

std::string read_backend(const std::string& name);  ///< empty: the default
std::string read_devices(const std::string& list);

}  // namespace ebb::miner
