#include "miner/devices.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/logger.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <set>

#include "core/cpu_device.h"
#include "core/cpu_topology.h"
#include "cuda/cuda_devices.h"
#include "miner/console.h"

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

tl::expected<core::HashBackend, StartError> choose_backend(
    const std::string& name, const std::vector<core::HashBackend>& usable) {
  if (name.empty()) return usable.front();
  for (const core::HashBackend& backend : usable) {
    if (name == backend.name) return backend;
  }
  return tl::unexpected(StartError{2, "--backend: this CPU cannot run " + name});
}

tl::expected<void, StartError> open_cards(const Wanted& wanted, std::vector<OpenedDevice>& opened) {
  cuda::CudaListing listing = cuda::list_cuda_devices();
  if (listing.devices.empty() && (wanted.cards_required || !wanted.cards.empty())) {
    return tl::unexpected(StartError{1, "--devices: no CUDA device: " + listing.reason});
  }
  std::vector<std::string> missing = wanted.cards;
  for (auto& device : listing.devices) {
    const auto named = std::find(missing.begin(), missing.end(), device->info().name);
    if (!wanted.all_cards && named == missing.end()) continue;
    if (named != missing.end()) missing.erase(named);
    opened.push_back({std::move(device), std::nullopt});
  }
  if (!missing.empty()) {
    return tl::unexpected(StartError{1, "--devices: there is no " + missing.front()});
  }
  return {};
}

/// What `ebb devices` says of the CPUs and of the threads that mine without further options.
struct CpuSummary {
  std::size_t packages = 0, cores = 0, cpus = 0;
  std::optional<double> quota;
  core::ThreadPlan plan;
};

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

}  // namespace

tl::expected<std::vector<core::HashBackend>, StartError> usable_backends(spdlog::logger& log) {
  core::BackendSelection selection =
      core::select_backends(core::compiled_backends(), core::detect_cpu_features());
  for (const core::BackendFailure& failure : selection.failed) {
    log.warn("backend {} failed its self-test and is not used: {}", failure.name, failure.reason);
  }
  if (!selection.scalar_ok) {
    return tl::unexpected(StartError{
        3, "the scalar SHA-256 failed its self-test: this machine computes wrongly, not mining"});
  }
  return std::move(selection.usable);
}

tl::expected<std::vector<OpenedDevice>, StartError> open_devices(const MineOptions& options,
                                                                 spdlog::logger& log) {
  const Wanted wanted = read_wanted(options.devices);
  std::vector<OpenedDevice> opened;
  if (wanted.all_cards || !wanted.cards.empty()) {
    if (auto done = open_cards(wanted, opened); !done) return tl::unexpected(done.error());
  }
  const auto usable = usable_backends(log);
  if (!usable) return tl::unexpected(usable.error());
  const auto backend = choose_backend(options.backend, *usable);
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
  const auto usable = usable_backends(console.log());
  if (!usable) {
    console.log().error(usable.error().text);
    return usable.error().exit_code;
  }
  const cuda::CudaListing cuda = cuda::list_cuda_devices();
  const auto is_usable = [&](const core::HashBackend& backend) {
    return std::any_of(usable->begin(), usable->end(),
                       [&](const core::HashBackend& other) { return other.scan == backend.scan; });
  };

  boost::json::array backends;
  const CpuSummary cpus = summarise_cpus(core::read_cpu_topology());
  std::string table = as_text(cpus);
  for (const core::HashBackend& backend : core::compiled_backends()) {
    const bool yes = is_usable(backend);
    backends.push_back({{"name", backend.name}, {"lanes", backend.lanes}, {"usable", yes}});
    table += fmt::format("  {:<8} {:>2} lanes  {}\n", backend.name, backend.lanes,
                         yes ? "usable, self-test passed" : "not usable here");
  }
  boost::json::array cards;
  for (const auto& device : cuda.devices) {
    cards.push_back({{"name", device->info().name}, {"backend", device->info().backend}});
    table += fmt::format("{}  {}\n", device->info().name, device->info().backend);
  }
  if (cuda.devices.empty()) table += "no CUDA device: " + cuda.reason + "\n";

  const boost::json::object all{{"cpu", as_json(cpus)},
                                {"backends", std::move(backends)},
                                {"cuda_devices", std::move(cards)},
                                {"no_cuda_reason", cuda.reason}};
  const std::string text = options.json ? boost::json::serialize(all) + "\n" : table;
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace ebb::miner
