#include "miner/devices.h"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <algorithm>
#include <cstdio>

#include "core/backend_speed.h"
#include "core/cpu_device.h"
#include "core/cpu_topology.h"
#include "cuda/cuda_cards.h"
#include "miner/console.h"
#include "miner/device_report.h"

namespace ebb::miner {
namespace {

struct Wanted {
  bool cpu = false;
  bool all_cards = false;
  bool cards_required = false;
  std::vector<std::string> cards;
};

Wanted read_wanted(std::string_view list) {
  Wanted wanted;
  for (bool more = true; more;) {
    const std::size_t comma = list.find(',');
    const std::string_view name = list.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) list.remove_prefix(comma + 1);
    wanted.cpu |= name == "auto" || name == "cpu";
    wanted.all_cards |= name == "auto" || name == "cuda";
    wanted.cards_required |= name == "cuda";
    if (name.starts_with("cuda:")) wanted.cards.emplace_back(name);
  }
  return wanted;
}

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

tl::expected<void, StartError> open_cards(const Wanted& wanted, std::vector<OpenedDevice>& opened) {
  cuda::CudaCards cards;
  if (cards.found().empty() && (wanted.cards_required || !wanted.cards.empty())) {
    return tl::unexpected(StartError{1, "--devices: no CUDA device: " + cards.reason()});
  }
  std::vector<std::string> missing = wanted.cards;
  for (const cuda::FoundCard& card : cards.found()) {
    const auto named = std::find(missing.begin(), missing.end(), card.device);
    if (!wanted.all_cards && named == missing.end()) continue;
    if (named != missing.end()) missing.erase(named);
    opened.push_back({cards.make_device(card), std::nullopt});
  }
  if (!missing.empty()) {
    return tl::unexpected(StartError{1, "--devices: there is no " + missing.front()});
  }
  return {};
}

}  // namespace

tl::expected<std::vector<OpenedDevice>, StartError> open_devices(const MineOptions& options,
                                                                 spdlog::logger& log) {
  const Wanted wanted = read_wanted(options.devices);
  std::vector<OpenedDevice> opened;
  if (wanted.all_cards || !wanted.cards.empty()) {
    if (auto done = open_cards(wanted, opened); !done) return tl::unexpected(done.error());
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

int run_devices(const DevicesOptions& options) {
  Console console;
  const auto proven = proven_backends(console.log());
  if (!proven) {
    console.log().error(proven.error().text);
    return proven.error().exit_code;
  }
  const cuda::CudaCards cards;
  DeviceReport report;
  report.cpus = summarise_cpus(core::read_cpu_topology());
  report.backends = backend_rows(core::compiled_backends(), core::detect_cpu_features(), *proven,
                                 core::measure_speeds(proven->usable));
  for (const cuda::FoundCard& card : cards.found())
    report.cards.push_back({card.device, card.info.name});
  report.no_cards_because = cards.reason();

  const std::string text = options.json ? device_json(report) + "\n" : device_table(report);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace ebb::miner
