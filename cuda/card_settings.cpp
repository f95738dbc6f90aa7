#include "cuda/card_settings.h"

#include <utility>

namespace ebb::cuda {
namespace {

constexpr unsigned kMilli = 1000;

std::string watts(unsigned milliwatts) {
  return std::to_string(milliwatts / kMilli) + " W";
}

tl::expected<void, std::string> check(const NvmlCard& card, const CardLimits& limits) {
  if (limits.power_w) {
    const auto range = card.power_limit_range();
    const unsigned wanted = *limits.power_w * kMilli;
    if (range && (wanted < range->least_mw || wanted > range->most_mw)) {
      return tl::unexpected("its power limit can be " + watts(range->least_mw) + " to " +
                            watts(range->most_mw) + ", not " + watts(wanted));
    }
  }
  if (limits.clock_mhz) {
    const auto highest = card.highest_clock_mhz();
    if (highest && *limits.clock_mhz > *highest) {
      return tl::unexpected("its clock can be up to " + std::to_string(*highest) + " MHz, not " +
                            std::to_string(*limits.clock_mhz) + " MHz");
    }
  }
  return {};
}

}  // namespace

tl::expected<CardSettings, std::string> CardSettings::apply(const Nvml& nvml,
                                                            std::span<const CardId> cards,
                                                            const CardLimits& limits) {
  CardSettings settings;
  for (const CardId& id : cards) {
    const auto card = nvml.card(id.pci_bus_id);
    if (!card) return tl::unexpected(id.device + ": finding it by its PCI bus " + card.error());
    if (auto allowed = check(*card, limits); !allowed) {
      return tl::unexpected(id.device + ": " + allowed.error());
    }
    settings.changed_.push_back({id.device, *card, std::nullopt, false});
  }
  for (Changed& changed : settings.changed_) {
    const auto failed = [&](const char* doing, const std::string& error) {
      return tl::unexpected(changed.device + ": " + doing + " " + error);
    };
    if (limits.power_w) {
      const auto before = changed.card.power_limit_mw();
      if (!before) return failed("reading its power limit", before.error());
      if (auto done = changed.card.set_power_limit_mw(*limits.power_w * kMilli); !done) {
        return failed("setting its power limit", done.error());
      }
      changed.power_limit_mw = *before;
    }
    if (limits.clock_mhz) {
      if (auto done = changed.card.lock_clock_mhz(*limits.clock_mhz); !done) {
        return failed("setting its clock", done.error());
      }
      changed.clock_locked = true;
    }
  }
  return settings;
}

CardSettings::~CardSettings() {
  restore();
}

std::vector<std::string> CardSettings::restore() {
  std::vector<std::string> failures;
  for (const Changed& changed : std::exchange(changed_, {})) {
    const auto expect = [&](const std::string& doing, const NvmlCard::Done& done) {
      if (!done) failures.push_back(changed.device + ": " + doing + " " + done.error());
    };
    if (changed.power_limit_mw) {
      expect("putting its power limit of " + watts(*changed.power_limit_mw) + " back",
             changed.card.set_power_limit_mw(*changed.power_limit_mw));
    }
    if (changed.clock_locked) expect("setting its clock free", changed.card.unlock_clock());
  }
  return failures;
}

}  // namespace ebb::cuda
