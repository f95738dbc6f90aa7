#include "miner/bench_command.h"

#include <spdlog/logger.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>
#include <vector>

#include "bench/throttle_plot.h"
#include "bench/throttle_report.h"
#include "cuda/nvml.h"
#include "miner/config_file.h"
#include "miner/console.h"
#include "miner/devices.h"
#include "miner/local_rig.h"
#include "miner/open_cards.h"
#include "miner/source_rig.h"
#include "miner/wanted.h"

namespace ebb::miner {
namespace {

// Of a source at first: some are asked every ten seconds.
constexpr std::chrono::milliseconds kHeardWithin{30'000};

/// A card with its NVML meter, where there is one. Both live as long as the functions made here.
bench::CardUnderTest under_test(OpenCard card, const tl::expected<cuda::Nvml, std::string>& nvml) {
  bench::CardUnderTest test;
  test.card = card.device->card();
  test.tuning = card.device->tuning();
  test.use = [device = card.device.get()](const cuda::Tuning& tuning) {
    return !device->use(tuning);
  };
  test.sm_mhz = test.joules = [] { return std::optional<double>(); };
  if (nvml) {
    if (const auto meter = nvml->card(card.id.pci_bus_id)) {
      test.sm_mhz = [meter = *meter]() -> std::optional<double> { return meter.read().sm_mhz; };
      test.joules = [meter = *meter] { return meter.read().joules; };
    }
  }
  test.device = std::move(card.device);
  return test;
}

/// This machine's time and accounts, and somebody's devices.
template <class Rig>
class MachineRig : public bench::ThrottleRig {
 public:
  std::vector<bench::DeviceWork> read() override {
    std::vector<bench::DeviceWork> all;
    const std::vector<std::string> kinds = rig().kinds();
    for (const DeviceFigures& device : rig().figures()) {
      all.push_back({device.work.hashes, device.work.busy, device.worked_until, kinds[all.size()]});
    }
    return all;
  }

  std::chrono::nanoseconds cpu_time() override {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  }

  /// By the scheduler's own account; zero where there is none.
  std::chrono::nanoseconds waited() override {
    std::chrono::nanoseconds sum{0};
    std::error_code error;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", error)) {
      std::ifstream file(thread.path() / "schedstat");
      std::chrono::nanoseconds::rep ran = 0, waited = 0;
      if (file >> ran >> waited) sum += std::chrono::nanoseconds(waited);
    }
    return sum;
  }

  bench::Instant now() override { return std::chrono::steady_clock::now(); }
  void wait_until(bench::Instant time) override { std::this_thread::sleep_until(time); }

 protected:
  virtual Rig& rig() = 0;
};

class LocalThrottleRig final : public MachineRig<LocalRig> {
 public:
  explicit LocalThrottleRig(std::vector<OpenedDevice> devices) : rig_(std::move(devices)) {}
  void set_limit(const throttle::Limit& limit) override { rig_.set_limit(limit); }

 private:
  LocalRig& rig() override { return rig_; }
  LocalRig rig_;
};

/// Says its limits, zero and full, by the trigger of a source.
class SourceThrottleRig final : public MachineRig<SourceRig> {
 public:
  explicit SourceThrottleRig(std::unique_ptr<SourceRig> rig) : rig_(std::move(rig)) {}
  void set_limit(const throttle::Limit& limit) override { rig_->trigger(!limit.is_zero()); }

 private:
  SourceRig& rig() override { return *rig_; }
  std::unique_ptr<SourceRig> rig_;
};

/// The error is one line.
tl::expected<std::unique_ptr<bench::ThrottleRig>, std::string> open_rig(
    const bench::ThrottleBenchOptions& options, std::vector<OpenedDevice> devices,
    spdlog::logger& log) {
  if (options.source.empty()) return std::make_unique<LocalThrottleRig>(std::move(devices));
  auto config = read_config_file(options.config);
  if (!config) return tl::unexpected(config.error());
  auto rig = SourceRig::start(
      std::move(devices), std::move(config->throttle),
      {options.source, options.trigger, std::max(options.gives_up, kHeardWithin)}, log);
  if (!rig) return tl::unexpected(rig.error());
  return std::make_unique<SourceThrottleRig>(std::move(*rig));
}

}  // namespace

int run_bench(const bench::HashBenchOptions& options) {
  const Wanted wanted = read_wanted(options.devices);
  std::vector<bench::CardUnderTest> cards;
  if (wanted.any_card()) {
    Console console;
    cuda::CudaCards there;
    auto open =
        open_cards(there, wanted, options.retune, cuda::TuningCache::of_user(), console.log());
    if (!open) {
      console.log().error(open.error());
      return 1;
    }
    const auto nvml = cuda::Nvml::load();
    for (OpenCard& card : *open)
      cards.push_back(under_test(std::move(card), nvml));
  }
  return bench::run_hash_bench(options, wanted.cpu, cards);
}

int run_bench(const bench::ThrottleBenchOptions& options) {
  Console console;
  std::ofstream plot;
  if (!options.plot.empty()) {
    plot.open(options.plot);
    if (!plot) {
      console.log().error("--plot: cannot write '{:.200}'", options.plot);
      return 2;
    }
  }
  MineOptions mine;
  mine.devices = options.devices;
  mine.backend = options.backend;
  mine.threads = options.threads;
  auto devices = open_devices(mine, console.log());
  if (!devices) {
    console.log().error(devices.error().text);
    return devices.error().exit_code;
  }
  bench::BenchSubject subject{EBB_VERSION, {}};
  for (const OpenedDevice& device : *devices) {
    const core::DeviceInfo& info = device.device->info();
    subject.devices.push_back(info.name + " (" + info.backend + ")");
  }
  console.log().info("{} trials and {} caps: about {} s", options.trials, 2 * options.caps.size(),
                     bench::duration_of(options).count());
  auto rig = open_rig(options, std::move(*devices), console.log());
  if (!rig) {
    console.log().error(rig.error());
    return 2;
  }
  const bench::ThrottleFigures figures = bench::bench_throttle(options, **rig);

  const std::string text = options.json ? bench::throttle_json(subject, figures) + "\n"
                                        : bench::throttle_table(subject, figures);
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (plot.is_open()) {
    plot << bench::throttle_plot(figures) << std::flush;
    if (!plot) {
      console.log().error("--plot: could not write '{:.200}'", options.plot);
      return 1;
    }
  }
  return bench::exit_code_of(figures);
}

}  // namespace ebb::miner
