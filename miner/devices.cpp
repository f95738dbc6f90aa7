#include "miner/devices.h"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <algorithm>
#include <cstdio>

#include "core/backend_speed.h"
#include "core/cpu_device.h"
#include "core/cpu_topology.h"
#include "cuda/cuda_cards.h"
#include "miner/cards.h"
#include "miner/console.h"
#include "miner/device_report.h"
#include "miner/open_cards.h"
#include "miner/wanted.h"

namespace ebb::miner {
namespace {

// What `ebb devices` measures a card for, with versions and without.
constexpr std::chrono::milliseconds kCardTrial{100};

/// Warns of each backend dropped; the error is exit code 3.
tl::expected<core::BackendSelection, StartError> proven_backends(spdlog::logger& log) {
  core::BackendSelection selection =
      core::select_backends(core::compiled_backends(), core::detect_cpu_features());
  for (const core::BackendFailure& failure : selection.failed) {
    log.warn("backend {} failed its self-test and is not used: {}", failure.name, failure.reason);
  }
  if (!selection.scalar_ok) {
    return tl::unexpected(StartError{
        3, "the scalar SHA-256 failed its self-test: this machine computes wrongly, not mining"});
  }
  return selection;
}

/// The named backend, or the fastest; says in the log which and why.
tl::expected<core::HashBackend, StartError> choose_backend(
    const std::string& name, const std::vector<core::HashBackend>& usable, spdlog::logger& log) {
  if (!name.empty()) {
    for (const core::HashBackend& backend : usable) {
      if (name != backend.name) continue;
      log.info("CPU backend {}: asked for by --backend", name);
      return backend;
    }
    return tl::unexpected(StartError{2, "--backend: this CPU cannot run " + name});
  }
  if (usable.size() == 1) {
    log.info("CPU backend {}: the only one usable here", usable.front().name);
    return usable.front();
  }
  const std::vector<core::BackendSpeed> speeds = core::measure_speeds(usable);
  const std::size_t best = core::fastest(speeds);
  std::string others;
  for (std::size_t i = 0; i < usable.size(); ++i) {
    if (i == best) continue;
    others += fmt::format("{}{} {:.1f}", others.empty() ? "" : ", ", usable[i].name,
                          speeds[i].shared / 1e6);
  }
  log.info("CPU backend {}: the fastest, {:.1f} MH/s a thread ({})", usable[best].name,
           speeds[best].shared / 1e6, others);
  return usable[best];
}

std::vector<CardRow> card_rows(std::span<const OpenCard> cards) {
  std::vector<cuda::CardId> ids;
  for (const OpenCard& card : cards)
    ids.push_back(card.id);
  auto readings = read_cards(ids);
  std::vector<CardRow> rows;
  for (const OpenCard& card : cards) {
    const cuda::TuningPair& tuning = card.device->tuning();
    const auto rate = [&](const cuda::Tuning& it) {
      const auto hps = card.trial(it, cuda::versions_in_trial(it.variant.layout), kCardTrial);
      return hps ? std::optional(*hps) : std::nullopt;
    };
    rows.push_back({card.device->info().name, card.device->card(), tuning, rate(tuning.versions),
                    rate(tuning.nonces), std::move(readings[card.id.device])});
  }
  return rows;
}

}  // namespace

tl::expected<std::vector<OpenedDevice>, StartError> open_devices(const MineOptions& options,
                                                                 spdlog::logger& log) {
  const Wanted wanted = read_wanted(options.devices);
  std::vector<OpenedDevice> opened;
  if (wanted.any_card()) {
    cuda::CudaCards cards;
    auto open = open_cards(cards, wanted, options.retune, cuda::TuningCache::of_user(), log);
    if (!open) return tl::unexpected(StartError{1, open.error()});
    for (OpenCard& card : *open)
      opened.push_back({std::move(card.device), std::nullopt, std::move(card.id)});
  }
  const auto proven = proven_backends(log);
  if (!proven) return tl::unexpected(proven.error());
  if (!wanted.cpu && options.backend.empty()) return opened;
  const auto backend = choose_backend(options.backend, proven->usable, log);
  if (!backend) return tl::unexpected(backend.error());
  if (wanted.cpu) {
    const core::ThreadPlan plan = core::plan_threads(core::read_cpu_topology(), options.threads);
    for (std::size_t i = 0; i < plan.cpus.size(); ++i) {
      OpenedDevice device{core::make_cpu_device("cpu" + std::to_string(i), *backend), {}};
      if (plan.pinned) device.cpu = plan.cpus[i];
      opened.push_back(std::move(device));
    }
  }
  return opened;
}

std::vector<CardInUse> cards_in_use(const std::vector<OpenedDevice>& devices) {
  std::vector<CardInUse> cards;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (devices[i].card) cards.push_back({i, *devices[i].card});
  }
  return cards;
}

int run_devices(const DevicesOptions& options) {
  Console console;
  const auto proven = proven_backends(console.log());
  if (!proven) {
    console.log().error(proven.error().text);
    return proven.error().exit_code;
  }
  DeviceReport report;
  report.cpus = summarise_cpus(core::read_cpu_topology());
  report.backends = backend_rows(core::compiled_backends(), core::detect_cpu_features(), *proven,
                                 core::measure_speeds(proven->usable));
  cuda::CudaCards cards;
  report.no_cards_because = cards.reason();
  const auto open = open_cards(cards, read_wanted("auto"), options.retune,
                               cuda::TuningCache::of_user(), console.log());
  report.cards = card_rows(*open);

  const std::string text = options.json ? device_json(report) + "\n" : device_table(report);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace ebb::miner
