#include "miner/power_meters.h"

#include <spdlog/logger.h>

#include <chrono>
#include <memory>

#include "miner/state_folder.h"
#include "sources/meter/external_meter.h"
#include "throttle/power/calibration.h"
#include "throttle/power/energy_meter.h"
#include "throttle/power/file_meter.h"
#include "throttle/power/rapl.h"

namespace ebb::miner {
namespace {

using throttle::MeterKind;

/// What all cards have drawn; nothing while one does not tell. One whose last reading is old tells
/// no energy any more: its sum stands still, and would be taken for rest.
std::optional<double> joules_of(const Cards& cards) {
  double sum = 0;
  for (const auto& [device, figures] : cards.figures(std::chrono::steady_clock::now())) {
    const cuda::CardReading& reading = figures.reading;
    if (!figures.joules || (!reading.joules && !reading.watts)) return std::nullopt;
    sum += *figures.joules;
  }
  return sum;
}

}  // namespace

PoweredBy powered_by(const std::vector<OpenedDevice>& devices) {
  PoweredBy powered;
  for (const OpenedDevice& device : devices) {
    if (device.card) {
      ++powered.cards;
    } else {
      powered.cpu = true;
    }
  }
  return powered;
}

throttle::BestMeter open_meters(const PowerOptions& options, SiteMeters& site,
                                const std::filesystem::path& state_folder, PoweredBy powered,
                                const Cards& cards, spdlog::logger& log) {
  throttle::BestMeter best;
  if (auto meter = site.find(options.meter)) {
    best.add(std::make_unique<sources::ExternalMeter>(std::move(meter)));
  }
  if (!options.meter_file.empty()) {
    best.add(std::make_unique<throttle::FileMeter>(options.meter_file));
  }
  const std::size_t known_cards = cards.figures(std::chrono::steady_clock::now()).size();
  auto rapl = throttle::Rapl::open();
  const bool cpu_tells = powered.cpu && rapl;
  if (powered.cpu && !rapl) log.info("no power of the CPUs: {}", rapl.error());
  if (known_cards > 0) {
    std::string label = "NVML";
    if (powered.cpu && !cpu_tells) label += ", without the CPU";
    if (known_cards < powered.cards) label += ", without some cards";
    best.add(std::make_unique<throttle::EnergyMeter>(MeterKind::nvml, std::move(label),
                                                     [&cards] { return joules_of(cards); }));
  }
  if (cpu_tells) {
    best.add(std::make_unique<throttle::EnergyMeter>(
        MeterKind::rapl, powered.cards > 0 && known_cards == 0 ? "RAPL, without the cards" : "RAPL",
        [counters = std::move(*rapl)]() mutable { return counters.joules(); }));
  }
  const auto file = StateFolder::calibration(state_folder);
  if (std::filesystem::exists(file)) {
    if (auto calibration = throttle::load_calibration(file)) {
      best.add(
          std::make_unique<throttle::ModelMeter>(MeterKind::calibrated, std::move(*calibration)));
    } else {
      log.warn("calibration: {}", calibration.error());
    }
  }
  if (options.nameplate_watts) {
    best.add(std::make_unique<throttle::ModelMeter>(throttle::ModelMeter::nameplate(
        options.nameplate_idle_watts.value_or(0), *options.nameplate_watts)));
  }
  return best;
}

}  // namespace ebb::miner
