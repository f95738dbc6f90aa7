#include "miner/bench_command.h"

#include <spdlog/logger.h>

#include <vector>

#include "cuda/nvml.h"
#include "miner/console.h"
#include "miner/open_cards.h"
#include "miner/wanted.h"

namespace ebb::miner {
namespace {

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

}  // namespace ebb::miner
