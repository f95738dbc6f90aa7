#include "miner/cards.h"

#include <fmt/format.h>
#include <spdlog/logger.h>

namespace ebb::miner {
namespace {

/// What is set, and that it does not stay.
std::string in_words(const cuda::CardLimits& limits) {
  std::string text;
  if (limits.power_w) text = fmt::format("power limit {} W", *limits.power_w);
  if (limits.clock_mhz) {
    text += fmt::format("{}clock {} MHz", text.empty() ? "" : ", ", *limits.clock_mhz);
  }
  return text + " on every card in use, put back at exit";
}

const char* flags_of(const cuda::CardLimits& limits) {
  return limits.power_w && limits.clock_mhz ? "--card-power-limit and --card-clock"
         : limits.power_w                   ? "--card-power-limit"
                                            : "--card-clock";
}

}  // namespace

tl::expected<Cards, std::string> Cards::open(const std::vector<CardInUse>& cards,
                                             const CardOptions& options, spdlog::logger& log,
                                             const char* library, CardMonitor::Timing timing) {
  Cards opened(log);
  const auto refused = [&](const std::string& why) {
    return tl::unexpected(fmt::format("{}: {}", flags_of(options.limits), why));
  };
  if (cards.empty()) {
    if (options.limits.any()) return refused("no CUDA card is in use");
    return opened;
  }
  const auto nvml = cuda::Nvml::load(library);
  if (!nvml) {
    if (options.limits.any()) return refused("NVML is missing: " + nvml.error());
    log.info("no power and temperature of the cards, so no temperature limit: {}", nvml.error());
    return opened;
  }
  if (options.limits.any()) {
    std::vector<cuda::CardId> ids;
    ids.reserve(cards.size());
    for (const CardInUse& card : cards)
      ids.push_back(card.id);
    auto settings = cuda::CardSettings::apply(*nvml, ids, options.limits);
    if (!settings) return refused(settings.error());
    opened.settings_ = std::move(*settings);
    log.info("{}", in_words(options.limits));
  }
  for (const CardInUse& card : cards) {
    const auto meter = nvml->card(card.id.pci_bus_id);
    if (!meter) {
      log.info("{}: no power and temperature: finding it by its PCI bus {}", card.id.device,
               meter.error());
      continue;
    }
    Watched watched{card, nullptr, {}};
    watched.monitor =
        std::make_unique<CardMonitor>([meter = *meter] { return meter.read(); }, timing);
    if (options.max_celsius) watched.limit.emplace(*options.max_celsius);
    opened.watched_.push_back(std::move(watched));
  }
  return opened;
}

Cards::~Cards() {
  stop();
  put_back_settings();
}

void Cards::put_back_settings() {
  for (const std::string& failure : settings_.restore())
    log_->warn("{}", failure);
}

void Cards::hold_hot(Clock::time_point now, throttle::Controller& controller) {
  for (Watched& card : watched_) {
    if (!card.limit) continue;
    const std::optional<double> celsius = card.monitor->latest(now).reading.celsius;
    const bool held = card.limit->update(now, celsius);
    if (held == card.held) continue;
    card.held = held;
    controller.hold(card.card.device, held);
    const std::string& name = card.card.id.device;
    if (!held) {
      log_->info("{} goes on at {:.0f} °C", name, *celsius);
    } else if (celsius) {
      log_->warn("{} is held at {:.0f} °C until it has cooled to {:.0f} °C", name, *celsius,
                 card.limit->goes_on_at());
    } else {
      log_->warn("{} is held: its temperature can no longer be read", name);
    }
  }
}

std::map<std::string, CardFigures> Cards::figures(Clock::time_point now) const {
  std::map<std::string, CardFigures> all;
  for (const Watched& card : watched_) {
    CardFigures figures = card.monitor->latest(now);
    if (card.held) figures.reading.held_back_by.emplace_back("temperature limit");
    all.emplace(card.card.id.device, std::move(figures));
  }
  return all;
}

void Cards::stop() {
  for (Watched& card : watched_)
    card.monitor->stop();
}

std::map<std::string, cuda::CardReading> read_cards(std::span<const cuda::CardId> cards,
                                                    const char* library) {
  std::map<std::string, cuda::CardReading> readings;
  if (cards.empty()) return readings;
  const auto nvml = cuda::Nvml::load(library);
  if (!nvml) return readings;
  for (const cuda::CardId& card : cards) {
    if (const auto meter = nvml->card(card.pci_bus_id)) readings[card.device] = meter->read();
  }
  return readings;
}

}  // namespace ebb::miner
