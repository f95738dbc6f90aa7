#include "miner/device_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "miner/card_text.h"

namespace ebb::miner {
namespace {

std::string as_text(const CpuSummary& cpus) {
  const std::string quota = cpus.quota ? fmt::format("{:.2f} CPUs", *cpus.quota) : "none";
  const std::string place =
      cpus.plan.pinned ? fmt::format("pinned to {}", fmt::join(cpus.plan.cpus, ",")) : "not pinned";
  return fmt::format(
      "CPU: packages {}, cores {}, logical CPUs {}, quota {}\n"
      "  mines with {} threads, {}\n",
      cpus.packages, cpus.cores, cpus.cpus, quota, cpus.plan.cpus.size(), place);
}

boost::json::object as_json(const CpuSummary& cpus) {
  boost::json::object object{{"packages", cpus.packages},
                             {"cores", cpus.cores},
                             {"cpus", cpus.cpus},
                             {"quota", nullptr},
                             {"threads", cpus.plan.cpus.size()},
                             {"pinned_to", nullptr}};
  if (cpus.quota) object["quota"] = *cpus.quota;
  if (cpus.plan.pinned) object["pinned_to"] = boost::json::value_from(cpus.plan.cpus);
  return object;
}

/// "10.7 GH/s", or what cannot be said.
std::string rate_text(std::optional<double> hps) {
  return hps ? fmt::format("{:.2f} GH/s", *hps / 1e9) : "failed";
}

std::string as_text(const CardRow& row) {
  const cuda::CardInfo& card = row.card;
  std::string text = fmt::format(
      "{}: {}, {} multiprocessors, compute capability {}.{}, PCI {}\n"
      "  {} midstates {} ({})\n"
      "  1 midstate {} ({})\n",
      row.name, card.name, card.multiprocessors, card.capability / 10, card.capability % 10,
      card.pci_bus_id, core::kMaxMidstates, rate_text(row.hps_versions),
      describe(row.tuning.versions), rate_text(row.hps_alone), describe(row.tuning.nonces));
  if (const std::string reading = card_text(row.reading); !reading.empty()) {
    text += "  " + reading + "\n";
  }
  return text;
}

boost::json::object as_json(const CardRow& row) {
  const auto rate = [](std::optional<double> hps) {
    return hps ? boost::json::value(*hps) : boost::json::value();
  };
  boost::json::object object{{"name", row.name},
                             {"card", row.card.name},
                             {"pci_bus_id", row.card.pci_bus_id},
                             {"multiprocessors", row.card.multiprocessors},
                             {"compute_capability", row.card.capability},
                             {"driver", row.card.driver},
                             {"tuning_versions", describe(row.tuning.versions)},
                             {"tuning_nonces", describe(row.tuning.nonces)},
                             {"hps_32_midstates", rate(row.hps_versions)},
                             {"hps_1_midstate", rate(row.hps_alone)}};
  add_card_json(object, row.reading);
  return object;
}

}  // namespace

CpuSummary summarise_cpus(const core::CpuTopology& topology) {
  CpuSummary summary{.quota = topology.quota, .plan = core::plan_threads(topology, {})};
  std::set<unsigned> packages;
  for (const core::CpuCore& core : topology.cores) {
    packages.insert(core.package);
    summary.cpus += core.cpus.size();
  }
  summary.packages = packages.size();
  summary.cores = topology.cores.size();
  return summary;
}

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
  std::string table = as_text(report.cpus);
  table += fmt::format("  {:<8} {:>5} {:>12} {:>11}\n", "backend", "lanes",
                       fmt::format("{} midstates", core::kMaxMidstates),
                       "1 midstate  (MH/s of one thread, measured just now)");
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
    table += as_text(card);
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
  for (const CardRow& card : report.cards) {
    cards.push_back(as_json(card));
  }
  return boost::json::serialize(boost::json::object{{"cpu", as_json(report.cpus)},
                                                    {"backends", std::move(backends)},
                                                    {"cuda_devices", std::move(cards)},
                                                    {"no_cuda_reason", report.no_cards_because}});
}

}  // namespace ebb::miner
