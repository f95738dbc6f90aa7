#include "throttle/policy_return.h"

#include <algorithm>
#include <cstdio>
#include <limits>

namespace ebb::throttle {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

/// Fraction of full per second.
double ramp_rate(const PolicySettings& settings, const Plant& plant) {
  double rate = kUnbounded;
  if (settings.ramp_up > std::chrono::seconds(0)) {
    rate = 1 / std::chrono::duration<double>(settings.ramp_up).count();
  }
  if (settings.ramp_watts_per_minute && plant.full_watts) {
    const double span = *plant.full_watts - plant.idle_watts.value_or(0);
    if (span > 0) rate = std::min(rate, *settings.ramp_watts_per_minute / 60 / span);
  }
  return rate;
}

bool converts(const Limit& limit, const Plant& plant) {
  return (!limit.watts || (plant.full_watts && *plant.full_watts > plant.idle_watts.value_or(0))) &&
         (!limit.hps || (plant.full_hps && *plant.full_hps > 0));
}

/// Where a ramp begins: what is in force may be next to nothing if it cannot be converted.
double surely_reached(const Limit& limit, const Plant& plant) {
  return converts(limit, plant) ? limit.fraction_of(plant) : 0;
}

/// Whether the demand leaves room above what is in force.
bool room_to_rise(const Limit& demand, const Limit& in_force, const Plant& plant) {
  if (demand.is_zero() || !demand.is_above(in_force) || in_force.is_above(demand)) return false;
  if (demand.is_full()) return true;
  // In other units, but no more: a cap in watts reached by fractions.
  return !converts(demand, plant) || !converts(in_force, plant) ||
         demand.fraction_of(plant) > in_force.fraction_of(plant);
}

/// From the end of the last reason to the beginning of the ramp.
nanoseconds wait(const PolicySettings& settings, bool override_active, const PolicyState& state) {
  if (!state.others) return nanoseconds(0);
  if (override_active) return settings.debounce;
  return settings.debounce + state.random_return;
}

nanoseconds ramp_time(double fraction, double rate) {
  constexpr double kYear = 365.0 * 24 * 3600;
  const double duration = rate > 0 ? std::min(std::max(fraction, 0.0) / rate, kYear) : kYear;
  return std::chrono::ceil<nanoseconds>(std::chrono::duration<double>(duration));
}

WallTime later(WallTime time, nanoseconds by) {
  return time + std::chrono::ceil<milliseconds>(by);
}

/// Mixes a number so that neighbours have nothing in common (SplitMix64: Steele, Lea, Flood 2014).
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::string percent(double fraction) {
  char number[32];
  std::snprintf(number, sizeof number, "%.0f%%", 100 * fraction);
  return number;
}

}  // namespace

void begin_event(const PolicySettings& settings, const Standing& standing, PolicyState& state) {
  if (!standing.any && state.in_force.is_full()) return;
  if (state.event == 0) {
    state.event = ++state.last_event;
    state.others = false;
    const auto most = static_cast<std::uint64_t>(
        std::max(milliseconds(settings.random_return), milliseconds(0)).count());
    state.random_return = milliseconds(mix(state.seed ^ mix(state.event)) % (most + 1));
  }
  state.others = state.others || standing.others;
}

void advance_return(const PolicySettings& settings, const Situation& situation,
                    const Moment& moment, const Standing& standing, bool override_active,
                    PolicyState& state) {
  const Plant& plant = situation.plant;
  const Limit& demand = standing.demand;
  const bool relief = demand.is_above(state.demand);
  const bool tighter = state.demand.is_above(demand);
  state.demand = demand;
  state.in_force.lower_to(standing.at_once);
  state.ramp = std::min(state.ramp, state.in_force.fraction_of(plant));
  if (!room_to_rise(demand, state.in_force, plant)) {
    state.phase = Return::none;
    return;
  }
  const bool begins = state.phase == Return::none || relief;
  if (begins || (state.phase == Return::waiting && tighter)) {
    state.phase = Return::waiting;
    state.waited = nanoseconds(0);
  } else if (state.phase == Return::waiting) {
    state.waited += moment.counted;
  }
  nanoseconds ramped = moment.counted;
  if (state.phase == Return::waiting) {
    // A start raises nothing by itself.
    if (moment.first || state.waited < wait(settings, override_active, state)) return;
    state.phase = Return::ramping;
    state.ramp = surely_reached(state.in_force, plant);
    ramped = nanoseconds(0);
  }
  const double rate = ramp_rate(settings, plant);
  state.ramp =
      rate == kUnbounded
          ? 1
          : std::min(1.0, state.ramp + rate * std::chrono::duration<double>(ramped).count());
  state.in_force = Limit{state.ramp, {}, {}};
  state.in_force.lower_to(demand);
  if (room_to_rise(demand, state.in_force, plant)) return;
  state.in_force = demand;
  state.phase = Return::none;
}

std::optional<Reason> reason_of_return(const PolicySettings& settings, const Plant& plant,
                                       const Moment& moment, bool override_active,
                                       const PolicyState& state) {
  if (state.phase == Return::none) return std::nullopt;
  Reason reason{"policy", std::nullopt, state.in_force, {}, {}, false};
  if (state.phase == Return::ramping) {
    const double to = state.demand.fraction_of(plant);
    reason.text = "ramping up: " + percent(state.ramp) + " of " + percent(to);
    reason.until = later(moment.wall, ramp_time(to - state.ramp, ramp_rate(settings, plant)));
    return reason;
  }
  const nanoseconds whole = wait(settings, override_active, state);
  if (state.waited < settings.debounce) {
    reason.text = "no cap left for " + so_far(state.waited, settings.debounce);
  } else {
    reason.text =
        "random return: " + so_far(state.waited - settings.debounce, whole - settings.debounce);
  }
  reason.until = later(moment.wall, whole - state.waited);
  return reason;
}

std::optional<WallTime> earliest_return(const PolicySettings& settings, const Plant& plant,
                                        const Moment& moment, const Standing& standing,
                                        bool override_active, const PolicyState& state) {
  if (standing.permanent || (!standing.any && state.phase == Return::none)) return std::nullopt;
  const double rate = ramp_rate(settings, plant);
  const nanoseconds ramp = ramp_time(1 - surely_reached(state.in_force, plant), rate);
  const nanoseconds whole = wait(settings, override_active, state);
  if (standing.any) return later(std::max(*standing.until, moment.wall), whole + ramp);
  if (state.phase == Return::waiting) return later(moment.wall, whole - state.waited + ramp);
  return later(moment.wall, ramp_time(1 - state.ramp, rate));
}

}  // namespace ebb::throttle
