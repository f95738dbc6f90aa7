#pragma once
// What the configuration says about the throttle.

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "miner/api_address.h"
#include "sources/kind.h"
#include "sources/meter/meter_table.h"
#include "throttle/policy.h"
#include "throttle/schedule/schedule.h"
#include "throttle/zero_proof.h"

namespace ebb::miner {

struct PowerOptions {
  std::vector<sources::MeterOptions> meters;  ///< of the site, for whoever asks
  std::string meter;       ///< a [[meter]] that sees this machine alone; empty: none
  std::string meter_file;  ///< a file that a site's meter writes watts into; empty: none
  std::optional<double> nameplate_watts;       ///< at full work, all devices
  std::optional<double> nameplate_idle_watts;  ///< at a duty of zero
};

struct ThrottleOptions {
  throttle::PolicySettings policy;
  std::vector<throttle::ScheduleWindow> windows;
  std::vector<throttle::CalendarFile> calendars;
  std::vector<sources::SourceOptions> sources;  ///< their rules stand in the policy, too
  PowerOptions power;
  throttle::ZeroProofSettings zero;
  std::string hook;                    ///< run by /bin/sh when zero cannot be reached; empty: none
  std::optional<ApiAddress> api;       ///< of the HTTP API; nothing: there is none
  std::filesystem::path state_folder;  ///< ledger, control socket, calibration
  std::filesystem::path config_file;   ///< read again when it changes; empty: none
};

}  // namespace ebb::miner
