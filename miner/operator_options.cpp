#include "miner/operator_options.h"

#include <memory>

#include "miner/flags.h"
#include "miner/option_values.h"
#include "throttle/schedule/time_zone.h"

namespace ebb::miner {
namespace {

struct Texts {
  std::string cap, until, reason, state;
  bool json = false, end = false;
};

/// A time to come, or so long from now on.
throttle::WallTime read_until(const std::string& text) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  if (const auto duration = parse_duration(text)) return now + *duration;
  const auto until = value_or_usage_error("--until", throttle::parse_time(text));
  if (until <= now) throw UsageError{"--until: " + quote(text) + " is past"};
  return until;
}

std::string read_reason(const Texts& texts) {
  if (texts.reason.empty()) throw UsageError{"--reason: say why, for the ledger"};
  return value_or_usage_error("--reason", check_reason(texts.reason));
}

ControlRequest read_hold(const Texts& texts) {
  HoldRequest hold;
  hold.cap = value_or_usage_error("CAP", throttle::parse_cap(texts.cap));
  if (!texts.until.empty()) hold.until = read_until(texts.until);
  hold.reason = read_reason(texts);
  return hold;
}

ControlRequest read_override(const Texts& texts) {
  if (texts.end) {
    if (!texts.until.empty() || !texts.reason.empty()) {
      throw UsageError{"--end: ends the override; leave out --until and --reason"};
    }
    return OverrideRequest{};
  }
  if (texts.until.empty()) throw UsageError{"--until: an override needs an end, or --end it"};
  return OverrideRequest{throttle::Override{read_until(texts.until), read_reason(texts)}};
}

/// What all of them have; `read` makes the request.
CommandFlags control_command(CLI::App* command, const std::shared_ptr<Texts>& texts,
                             ControlRequest (*read)(const Texts&)) {
  add_state_flag(*command, texts->state);
  command->add_flag("--json", texts->json, "Print the miner's status as JSON");
  return {command, [texts, read] {
            ControlRequest request = read(*texts);
            return ControlOptions{read_state_folder(texts->state), std::move(request), texts->json};
          }};
}

void add_until_and_reason(CLI::App& command, Texts& texts) {
  command.add_option("--until", texts.until,
                     "Until then: 2026-02-01T00:00 (local), 2026-02-01T00:00+05:00, or for 2h");
  command.add_option("--reason", texts.reason, "Why, for the ledger");
}

}  // namespace

std::vector<CommandFlags> control_flags(CLI::App& app) {
  std::vector<CommandFlags> commands;
  const auto add = [&](const char* name, const char* what) {
    return std::pair(app.add_subcommand(name, what), std::make_shared<Texts>());
  };
  {
    const auto [hold, texts] = add("hold", "Cap the running miner until it is released");
    hold->add_option("CAP", texts->cap, "0, 40%, 250W or 20MH/s")->required();
    add_until_and_reason(*hold, *texts);
    commands.push_back(control_command(hold, texts, read_hold));
  }
  {
    const auto [release, texts] = add("release", "End the hold");
    commands.push_back(control_command(
        release, texts, [](const Texts&) -> ControlRequest { return ReleaseRequest{}; }));
  }
  {
    const auto [override, texts] =
        add("override", "Run in spite of economic caps, holds and silent sources");
    add_until_and_reason(*override, *texts);
    override->add_flag("--end", texts->end, "No longer");
    commands.push_back(control_command(override, texts, read_override));
  }
  {
    const auto [status, texts] = add("status", "What the running miner may do, and why");
    commands.push_back(control_command(
        status, texts, [](const Texts&) -> ControlRequest { return StatusRequest{}; }));
  }
  return commands;
}

}  // namespace ebb::miner
