#include "miner/report_command.h"

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

#include "throttle/ledger/event_report.h"

namespace ebb::miner {
namespace {

using throttle::WallTime;

/// Some 3 GB of memory; 50 days of single seconds, or eight years of minutes.
constexpr std::size_t kMostEntries = 4'300'000;

tl::expected<std::string, std::string> report(const ReportOptions& options) {
  auto opened = throttle::Ledger::open_to_read(options.state_folder / "ledger.db");
  if (!opened) return tl::unexpected(std::move(opened.error().text));
  const throttle::Ledger ledger = std::move(*opened);

  const WallTime from = options.from.value_or(WallTime());
  const WallTime to = options.to.value_or(
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()));
  const auto first = ledger.first_of_events(from, to);
  if (!first) return tl::unexpected(first.error());
  const auto entries = ledger.read(*first - throttle::kBaselineReach, to, kMostEntries);
  if (!entries) return tl::unexpected(entries.error());
  if (entries->size() == kMostEntries) {
    return tl::unexpected<std::string>("too much for one report; ask for less with --from, --to");
  }
  if (const auto damaged = ledger.damaged_rows(); damaged > 0) {
    std::fprintf(stderr, "ebb report: %llu entries are damaged and left out\n",
                 static_cast<unsigned long long>(damaged));
  }
  const auto events = throttle::report_events(*entries, from, to);
  switch (options.format) {
    case ReportOptions::Format::csv:
      return throttle::to_csv(events);
    case ReportOptions::Format::json:
      return throttle::to_json(events);
    case ReportOptions::Format::html:
      return throttle::to_html(events, options.zone);
  }
  return tl::unexpected<std::string>("BUG: no such format");
}

}  // namespace

int run_report(const ReportOptions& options) {
  const auto text = report(options);
  if (!text) {
    std::fprintf(stderr, "ebb report: %s\n", text.error().c_str());
    return 1;
  }
  const bool written = std::fwrite(text->data(), 1, text->size(), stdout) == text->size();
  if (std::fflush(stdout) == 0 && written) return 0;
  std::fprintf(stderr, "ebb report: cannot write the report\n");
  return 1;
}

}  // namespace ebb::miner
