#pragma once
// Options of the commands that speak to a running miner or read what it kept.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "miner/control.h"
#include "miner/throttle_options.h"

namespace ebb::miner {

/// `ebb status`, `hold`, `release`, `override`: one request to the miner of a state folder.
struct ControlOptions {
  std::filesystem::path state_folder;
  ControlRequest request;
  bool json = false;  ///< the reply as it is, instead of text
};

struct ReportOptions {
  enum class Format { csv, json, html };
  std::filesystem::path state_folder;
  std::optional<throttle::WallTime> from, to;  ///< nothing: the beginning, now
  std::string zone;                            ///< of the times in html; empty: this machine's
  Format format = Format::csv;
};

struct SimulateOptions {
  ThrottleOptions throttle;
  std::string timeline;  ///< file
  std::uint64_t seed = 1;
  std::string zone;  ///< of the times shown; empty: this machine's
  std::string plot;  ///< file for a page; empty: none
  bool json = false;
};

struct CheckOptions {
  std::string config;
};

/// Measures power at 0, 25, 50 and 100 % and keeps the model in the state folder.
struct CalibrateOptions {
  std::filesystem::path state_folder;
  std::string devices = "auto";
  std::string backend;
  PowerOptions power;
  std::chrono::seconds step{15};  ///< for each point
};

}  // namespace ebb::miner
