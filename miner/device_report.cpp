#include "miner/device_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace ebb::miner {

std::vector<BackendRow> backend_rows(std::span<const core::HashBackend> compiled,
                                     core::CpuFeatures features,
                                     const core::BackendSelection& selection,
                                     std::span<const core::BackendSpeed> speeds) {
  std::vector<BackendRow> rows;
  for (const core::HashBackend& backend : compiled) {
    BackendRow& row = rows.emplace_back();
    row.name = backend.name;
    row.lanes = backend.lanes;
    const auto is_it = [&](const auto& other) { return row.name == other.name; };
    const auto usable = std::find_if(selection.usable.begin(), selection.usable.end(), is_it);
    const auto failed = std::find_if(selection.failed.begin(), selection.failed.end(), is_it);
    if (usable != selection.usable.end()) {
      const auto index = static_cast<std::size_t>(usable - selection.usable.begin());
      row.speed = speeds[index];
      row.chosen = index == core::fastest(speeds);
    } else if (failed != selection.failed.end()) {
      row.why_not = "failed its self-test: " + failed->reason;
    } else {
      row.why_not = "the CPU lacks " + core::describe(backend.needs & ~features);
    }
  }
  return rows;
}

std::string device_table(const DeviceReport& report) {
  std::string table =
      fmt::format("CPU, {} threads; MH/s of one, measured just now\n", report.cpu_threads);
  table += fmt::format("  {:<8} {:>5} {:>12} {:>11}\n", "backend", "lanes",
                       fmt::format("{} midstates", core::kMaxMidstates), "1 midstate");
  for (const BackendRow& row : report.backends) {
    table += fmt::format("  {:<8} {:>5} ", row.name, row.lanes);
    if (row.speed) {
      table += fmt::format("{:>12.2f} {:>11.2f}{}\n", row.speed->shared / 1e6,
                           row.speed->alone / 1e6, row.chosen ? "  chosen" : "");
    } else {
      table += " " + row.why_not + "\n";
    }
  }
  for (const CardRow& card : report.cards)
    table += fmt::format("{}  {}\n", card.name, card.backend);
  if (report.cards.empty()) table += "no CUDA device: " + report.no_cards_because + "\n";
  return table;
}

std::string device_json(const DeviceReport& report) {
  boost::json::array backends;
  for (const BackendRow& row : report.backends) {
    const auto rate = [&](double core::BackendSpeed::*which) {
      return row.speed ? boost::json::value((*row.speed).*which) : boost::json::value();
    };
    backends.push_back({{"name", row.name},
                        {"lanes", row.lanes},
                        {"usable", row.speed.has_value()},
                        {"reason", row.why_not},
                        {"hps_32_midstates", rate(&core::BackendSpeed::shared)},
                        {"hps_1_midstate", rate(&core::BackendSpeed::alone)},
                        {"chosen", row.chosen}});
  }
  boost::json::array cards;
  for (const CardRow& card : report.cards)
    cards.push_back({{"name", card.name}, {"backend", card.backend}});
  return boost::json::serialize(boost::json::object{{"cpu_threads", report.cpu_threads},
                                                    {"backends", std::move(backends)},
                                                    {"cuda_devices", std::move(cards)},
                                                    {"no_cuda_reason", report.no_cards_because}});
}

}  // namespace ebb::miner
