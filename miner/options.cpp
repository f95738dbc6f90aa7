#include "miner/options.h"

#include <algorithm>

#include "miner/flags.h"
#include "miner/option_values.h"

namespace ebb::miner {
namespace {

/// A value that is there and empty is a mistake (often a shell variable that was not set).
void refuse_empty_values(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    const bool may_be_empty = option->check_lname("pass");
    const auto& values = option->results();
    if (!may_be_empty && std::find(values.begin(), values.end(), "") != values.end()) {
      throw UsageError{option->get_name() + ": the value is empty"};
    }
  }
}

/// CLI11 would only say that a command is missing, not that this word is none.
void refuse_unknown_command(const CLI::App& app, int argc, const char* const* argv, int at) {
  if (argc <= at) return;
  const std::string word = argv[at];
  if (word == "-h" || word == "--help" || (at == 1 && word == "--version")) return;
  std::string known;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (word == command->get_name()) return;
    known += (known.empty() ? "" : ", ") + command->get_name();
  }
  throw UsageError{quote(word) + " is none of the commands " + known};
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

}  // namespace

tl::expected<Command, EarlyExit> parse_command_line(int argc, const char* const* argv) {
  CLI::App app{"ebb: a Bitcoin mining engine whose hashrate ebbs", "ebb"};
  app.set_version_flag("--version", "ebb " EBB_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);

  std::vector<CommandFlags> commands{mine_flags(app)};
  const auto add = [&](const std::vector<CommandFlags>& more) {
    commands.insert(commands.end(), more.begin(), more.end());
  };
  add(control_flags(app));
  add(planning_flags(app));
  add({pool_flags(app), devices_flags(app)});
  CLI::App* bench = app.add_subcommand("bench", "Measure");
  bench->require_subcommand(1);
  add(bench_flags(*bench));

  try {
    refuse_unknown_command(app, argc, argv, 1);
    if (argc > 1 && argv[1] == bench->get_name()) refuse_unknown_command(*bench, argc, argv, 2);
    app.parse(argc, argv);
    const auto given =
        std::find_if(commands.begin(), commands.end(),
                     [](const CommandFlags& flags) { return flags.command->parsed(); });
    refuse_empty_values(*given->command);
    return given->read();
  } catch (const CLI::CallForHelp&) {
    return tl::unexpected(EarlyExit{0, app.help()});
  } catch (const CLI::CallForVersion& version) {
    return tl::unexpected(EarlyExit{0, std::string(version.what()) + "\n"});
  } catch (const CLI::ParseError& error) {
    return tl::unexpected(EarlyExit{2, one_line(error.what())});
  } catch (const UsageError& error) {
    return tl::unexpected(EarlyExit{2, one_line(error.text)});
  }
}

}  // namespace ebb::miner
