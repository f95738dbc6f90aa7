#pragma once
// The configuration file: all settings of `ebb mine`, in TOML. docs/ebb.toml shows each of them.

#include <filesystem>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "miner/options.h"

namespace ebb::miner {

enum class ConfigUse {
  mine,
  /// A [[source]] needs no type, for a timeline may speak for it. Nothing does for a miner, which
  /// would wait at zero for it.
  simulate
};

/// The command line's defaults with what the file sets. The error is one line: "ebb.toml:12:5:
/// schedule 'night': form: unknown key", and never holds a password. Reads no other file: see
/// open_pools().
tl::expected<MineOptions, std::string> read_config_file(const std::filesystem::path& file,
                                                        ConfigUse use = ConfigUse::mine);

/// The same of a text; `file` is for errors and relative paths.
tl::expected<MineOptions, std::string> parse_config(std::string_view text,
                                                    const std::filesystem::path& file,
                                                    ConfigUse use = ConfigUse::mine);

}  // namespace ebb::miner
