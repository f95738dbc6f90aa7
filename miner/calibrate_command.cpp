#include "miner/calibrate_command.h"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <thread>

#include "miner/cards.h"
#include "miner/console.h"
#include "miner/devices.h"
#include "miner/local_rig.h"
#include "miner/power_meters.h"
#include "miner/state_folder.h"
#include "throttle/power/calibration.h"

namespace ebb::miner {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::array kFractions{0.0, 0.25, 0.5, 1.0};
constexpr std::chrono::milliseconds kLook{100};
// A counter of energy has a first reading after two of its seconds.
constexpr std::chrono::seconds kLeastSettling{3};

struct Mean {
  double watts = 0;
  double hps = 0;
  std::string meter;
};

std::uint64_t hashes_of(const LocalRig& rig) {
  std::uint64_t sum = 0;
  for (const DeviceFigures& device : rig.figures())
    sum += device.work.hashes;
  return sum;
}

/// The mean over `duration` of all readings that a real meter makes; nothing without one.
std::optional<Mean> measure(const LocalRig& rig, throttle::BestMeter& meter, double fraction,
                            std::chrono::nanoseconds duration) {
  Mean mean;
  unsigned readings = 0;
  std::optional<throttle::SteadyTime> last;
  const auto begin = Clock::now();
  const std::uint64_t before = hashes_of(rig);
  while (Clock::now() - begin < duration) {
    std::this_thread::sleep_for(kLook);
    const auto reading = meter.read(Clock::now(), fraction);
    if (!reading || reading->estimated || reading->at == last) continue;
    last = reading->at;
    mean.watts += reading->watts;
    mean.meter = reading->meter;
    ++readings;
  }
  if (readings == 0) return std::nullopt;
  mean.watts /= readings;
  mean.hps = static_cast<double>(hashes_of(rig) - before) / Seconds(Clock::now() - begin).count();
  return mean;
}

}  // namespace

int run_calibrate(const CalibrateOptions& options) {
  Console console;
  const auto folder = StateFolder::open(options.state_folder);
  if (!folder) {
    console.log().error(folder.error());
    return 1;
  }
  MineOptions mining;
  mining.devices = options.devices;
  mining.backend = options.backend;
  auto devices = open_devices(mining, console.log());
  if (!devices) {
    console.log().error(devices.error().text);
    return devices.error().exit_code;
  }
  auto cards = Cards::open(cards_in_use(*devices), {}, console.log());
  if (!cards) {
    console.log().error(cards.error());
    return 1;
  }
  const PoweredBy powered = powered_by(*devices);
  LocalRig rig(std::move(*devices));
  SiteMeters site(options.power.meters);
  throttle::BestMeter meter =
      open_meters(options.power, site, options.state_folder, powered, *cards, console.log());

  // Full work first: where caps begin is a part of it.
  rig.set_limit({});
  const std::chrono::nanoseconds settling =
      std::max<std::chrono::nanoseconds>(options.step / 3, kLeastSettling);
  if (!measure(rig, meter, 1, settling)) {
    console.log().error(
        "no meter: give the site's by [power] meter or meter_file, or open RAPL to this user; "
        "without one "
        "[power] nameplate says what the label says");
    return 1;
  }
  throttle::Calibration calibration;
  for (const double fraction : kFractions) {
    rig.set_limit({.fraction = fraction, .watts = {}, .hps = {}});
    measure(rig, meter, fraction, settling);
    const auto mean = measure(rig, meter, fraction, options.step - options.step / 3);
    if (!mean) {
      console.log().error("the meter fell silent at {:.0f} %", 100 * fraction);
      return 1;
    }
    calibration.meter = mean->meter;
    const double least = calibration.points.empty() ? 0 : calibration.points.back().watts;
    calibration.points.push_back({fraction, std::max(mean->watts, least), mean->hps});
    fmt::print("{:>4.0f} %  {:>8.1f} W  {:>12}  by {}\n", 100 * fraction, mean->watts,
               format_hashrate(mean->hps), mean->meter);
  }
  const auto saved = save(calibration, StateFolder::calibration(folder->path()));
  if (!saved) {
    console.log().error(saved.error());
    return 1;
  }
  return 0;
}

}  // namespace ebb::miner
