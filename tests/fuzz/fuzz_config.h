#pragma once
// What the fuzzer of configuration files does with its bytes. The unit tests replay its corpus.

#include <stdexcept>
#include <string>
#include <string_view>

#include "miner/config_file.h"

namespace ebb::miner {

/// Whatever is accepted is within its bounds, whatever is not gives one short line.
inline void fuzz_config(std::string_view data) {
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  };
  const auto options = parse_config(data, "ebb.toml", ConfigUse::simulate);
  if (!options) {
    must(options.error().starts_with("ebb.toml:"), "the file's name");
    must(options.error().size() < 500, "a short error");
    must(options.error().find('\n') == std::string::npos, "one line of error");
    return;
  }
  const throttle::Limit& limit = options->limit;
  must(limit.fraction >= 0 && limit.fraction <= 1, "fraction");
  must(limit.watts.value_or(0) >= 0 && limit.hps.value_or(0) >= 0, "watts and H/s");
  must(options->threads.threads <= 1024, "threads");
  const throttle::PolicySettings& policy = options->throttle.policy;
  for (const auto wait : {policy.ramp_up, policy.economic_ramp_down, policy.random_return,
                          policy.debounce, policy.mains_good, policy.clock_settle}) {
    must(wait.count() >= 0 && wait <= std::chrono::hours(366 * 24), "a wait");
  }
  for (const throttle::ScheduleWindow& window : options->throttle.windows)
    must(!window.name.empty() && !window.zone.empty(), "a window");
  for (const throttle::CalendarFile& calendar : options->throttle.calendars)
    must(!calendar.name.empty() && !calendar.path.empty(), "a calendar");
  for (const throttle::SourceRule& source : policy.sources)
    must(!source.name.empty() && source.floor >= 0 && source.floor <= 1, "a source");
}

}  // namespace ebb::miner
