#include "miner/open_cards.h"

#include <spdlog/logger.h>

#include <algorithm>

#include "cuda/card_trial.h"
#include "cuda/find_tuning.h"

namespace ebb::miner {
namespace {

tl::expected<OpenCard, std::string> open_card(cuda::CudaCards& cards, const cuda::FoundCard& found,
                                              bool retune, const cuda::TuningCache& cache,
                                              spdlog::logger& log) {
  OpenCard card{
      cards.make_device(found), {found.device, found.info.name, found.info.pci_bus_id}, {}};
  card.trial = cuda::make_trial(*card.device);
  const auto note = [&](cuda::TuningNote kind, const std::string& line) {
    const auto level = kind == cuda::TuningNote::warning  ? spdlog::level::warn
                       : kind == cuda::TuningNote::detail ? spdlog::level::debug
                                                          : spdlog::level::info;
    log.log(level, "{} ({}): {}", found.device, found.info.name, line);
  };
  const auto tuning = cuda::find_tuning(found.info, cache, retune, card.trial, note);
  if (!tuning) return tl::unexpected(found.device + ": " + tuning.error());
  card.device->tune(*tuning);
  if (const auto why = card.device->prove()) return tl::unexpected(found.device + ": " + *why);
  return card;
}

}  // namespace

tl::expected<std::vector<OpenCard>, std::string> open_cards(cuda::CudaCards& cards,
                                                            const Wanted& wanted, bool retune,
                                                            const cuda::TuningCache& cache,
                                                            spdlog::logger& log) {
  std::vector<std::string> names;
  for (const cuda::FoundCard& found : cards.found())
    names.push_back(found.device);
  const auto chosen = choose_cards(wanted, names, cards.reason());
  if (!chosen) return tl::unexpected(chosen.error());
  if (!names.empty() && !cards.reason().empty()) log.warn("CUDA: {}", cards.reason());

  std::vector<OpenCard> open;
  std::string failures;
  for (const std::size_t index : *chosen) {
    const std::string& name = names[index];
    auto card = open_card(cards, cards.found()[index], retune, cache, log);
    if (card) {
      open.push_back(std::move(*card));
      continue;
    }
    if (std::find(wanted.cards.begin(), wanted.cards.end(), name) != wanted.cards.end()) {
      return tl::unexpected("--devices: " + card.error());
    }
    log.warn("{}: left out", card.error());
    failures += (failures.empty() ? "" : "; ") + card.error();
  }
  if (open.empty() && wanted.cards_required) {
    return tl::unexpected("--devices: no CUDA device: " + failures);
  }
  return open;
}

}  // namespace ebb::miner
