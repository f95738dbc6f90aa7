#include "throttle/policy_caps.h"

#include <algorithm>

namespace ebb::throttle {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

std::string whole_seconds(nanoseconds duration) {
  return std::to_string(std::chrono::floor<seconds>(duration).count());
}

const SourceRule* rule_of(const PolicySettings& settings, std::string_view source) {
  const auto found = std::find_if(settings.sources.begin(), settings.sources.end(),
                                  [&](const SourceRule& rule) { return rule.name == source; });
  return found == settings.sources.end() ? nullptr : &*found;
}

Limit limit_of(const Cap& cap) {
  Limit limit;
  limit.lower_to(cap);
  return limit;
}

/// A cap below the lowest that its source can demand is raised to that.
Cap floored(const Cap& cap, double floor, const Plant& plant) {
  if (const auto* duty = std::get_if<DutyCap>(&cap)) {
    return DutyCap{std::max(duty->fraction, std::min(floor, 1.0))};
  }
  if (const auto* power = std::get_if<PowerCap>(&cap)) {
    if (!plant.full_watts || floor <= 0) return cap;
    const double idle = plant.idle_watts.value_or(0);
    return PowerCap{std::max(power->watts, idle + floor * (*plant.full_watts - idle))};
  }
  if (!plant.full_hps || floor <= 0) return cap;
  return HashrateCap{std::max(std::get<HashrateCap>(cap).hps, floor * *plant.full_hps)};
}

/// Collects the reasons of one moment.
class Collector {
 public:
  Collector(const PolicySettings& settings, const Situation& situation, const Moment& moment,
            bool override_active, PolicyState& state)
      : settings_(settings),
        situation_(situation),
        moment_(moment),
        override_active_(override_active),
        state_(state) {}

  Standing collect() {
    for (const SourceRule& rule : settings_.sources)
      add_silence(rule);
    std::map<std::string, nanoseconds, std::less<>> outages;
    for (const Signal& signal : situation_.signals)
      add_signal(signal, outages);
    state_.outages = std::move(outages);
    add_economic();
    add_recovery();
    return std::move(standing_);
  }

 private:
  bool mandatory(SignalClass signal_class) const {
    return signal_class == SignalClass::mandatory || signal_class == SignalClass::protective;
  }

  enum class Hearing { fresh, not_yet, stale };
  Hearing hearing(const SourceRule& rule) const {
    if (!rule.feed) return Hearing::fresh;
    const SteadyTime steady = situation_.now.steady;
    const auto heard = situation_.heard.find(rule.name);
    if (heard != situation_.heard.end()) {
      return steady - heard->second > rule.stale_after ? Hearing::stale : Hearing::fresh;
    }
    return steady - state_.started.value_or(steady) < rule.grace ? Hearing::not_yet
                                                                 : Hearing::stale;
  }

  bool may_override(SignalClass signal_class, Hearing hearing) const {
    switch (signal_class) {
      case SignalClass::economic:
      case SignalClass::by_operator:
        return true;
      case SignalClass::mandatory:
        return hearing != Hearing::fresh;
      case SignalClass::protective:
        break;
    }
    return false;
  }

  /// What stands and is not overridden.
  void count(const Reason& reason) {
    if (reason.overridden) return;
    standing_.any = true;
    standing_.others = standing_.others || reason.signal_class != SignalClass::by_operator;
    if (!reason.until) {
      standing_.permanent = true;
    } else {
      extend_to(*reason.until);
    }
  }

  void extend_to(WallTime until) {
    standing_.until = std::max(standing_.until.value_or(until), until);
  }

  void add(Reason reason) {
    if (reason.limit.is_full()) return;
    if (!reason.overridden) {
      standing_.demand.lower_to(reason.limit);
      standing_.at_once.lower_to(reason.limit);
      standing_.capped = standing_.capped || reason.limit.is_zero();
    }
    count(reason);
    standing_.reasons.push_back(std::move(reason));
  }

  void add_silence(const SourceRule& rule) {
    if (!mandatory(rule.signal_class)) return;
    const Hearing heard = hearing(rule);
    if (heard == Hearing::fresh) return;
    Reason reason{rule.name, rule.signal_class, {}, {}, {}, false};
    reason.overridden = override_active_ && may_override(rule.signal_class, heard);
    if (heard == Hearing::not_yet) {
      reason.limit = limit_of(DutyCap{0});
      reason.text = "waiting for " + rule.name + " since the start";
    } else {
      reason.limit = limit_of(rule.fallback);
      reason.text =
          rule.name + " not heard for more than " +
          whole_seconds(situation_.heard.contains(rule.name) ? rule.stale_after : rule.grace) +
          " s: its fallback is " + text(rule.fallback);
    }
    add(std::move(reason));
  }

  bool live(const Signal& signal) const {
    const bool ended =
        moment_.believed && signal.valid_until && *signal.valid_until <= moment_.wall;
    return signal.valid_from <= moment_.begins && !ended;
  }

  /// Whether an outage counts by now, and remembers since when it is live.
  bool rides_through(const Signal& signal,
                     std::map<std::string, nanoseconds, std::less<>>& outages) const {
    const std::string key = signal.source + '\n' + signal.id;
    const auto known = state_.outages.find(key);
    const nanoseconds so_long =
        known == state_.outages.end() ? nanoseconds(0) : known->second + moment_.elapsed;
    outages[key] = so_long;
    return !signal.urgent && so_long < settings_.ride_through;
  }

  void add_signal(const Signal& signal, std::map<std::string, nanoseconds, std::less<>>& outages) {
    if (!live(signal)) return;
    if (signal.outage) {
      if (rides_through(signal, outages)) return;
      outage_live_ = true;
      if (signal.valid_until) extend_to(*signal.valid_until + settings_.mains_good);
    }
    const SourceRule* rule = rule_of(settings_, signal.source);
    const Cap cap = floored(signal.cap, rule != nullptr ? rule->floor : 0, situation_.plant);
    Reason reason{signal.source, signal.signal_class, limit_of(cap), {}, {}, false};
    if (reason.limit.is_full()) return;
    reason.text = std::string(name(signal.signal_class)) + ' ' + text(cap);
    if (!signal.reason.empty()) reason.text += ": " + signal.reason;
    if (moment_.believed) {
      reason.until = signal.valid_until;
    } else if (signal.valid_until) {
      reason.text += "; its end is not believed: the clock ";
      reason.text += state_.settling ? "has jumped" : "is not synchronised";
    }
    reason.overridden =
        override_active_ &&
        may_override(signal.signal_class, rule != nullptr ? hearing(*rule) : Hearing::fresh);
    if (signal.signal_class == SignalClass::economic) {
      economic_[signal.source].push_back(std::move(reason));
    } else {
      add(std::move(reason));
    }
  }

  /// Dwell for each source, then the ramp down for all of them together.
  void add_economic() {
    for (const auto& [source, dwell] : state_.dwells)
      economic_.try_emplace(source);
    Limit least;
    for (auto& [source, reasons] : economic_) {
      Dwell& dwell = state_.dwells[source];
      advance_dwell(dwell, reasons);
      if (!dwell.counts) {
        if (reasons.empty()) state_.dwells.erase(source);
        continue;
      }
      add_counting(source, dwell, reasons);
      if (override_active_) continue;
      least.lower_to(dwell.limit);
      standing_.capped = standing_.capped || dwell.limit.is_zero();
    }
    if (least.is_full()) return;
    standing_.demand.lower_to(least);
    standing_.at_once.lower_to(on_the_way_down(least));
  }

  void advance_dwell(Dwell& dwell, const std::vector<Reason>& reasons) const {
    Limit asked;
    for (const Reason& reason : reasons)
      asked.lower_to(reason.limit);
    if (dwell.counts) {
      dwell.counted += moment_.counted;
      if (dwell.counted < settings_.economic_dwell_on) {
        dwell.limit.lower_to(asked);
      } else if (asked.is_full()) {
        dwell = {};
      } else {
        dwell.limit = asked;
      }
      return;
    }
    dwell.asked =
        asked.is_full() || first_seen(dwell) ? nanoseconds(0) : dwell.asked + moment_.counted;
    dwell.limit = asked;
    if (!asked.is_full() && dwell.asked >= settings_.economic_dwell_off) {
      dwell.counts = true;
      dwell.counted = nanoseconds(0);
    }
  }

  static bool first_seen(const Dwell& dwell) { return dwell.limit.is_full(); }

  void add_counting(const std::string& source, const Dwell& dwell, std::vector<Reason>& reasons) {
    Limit said;
    for (Reason& reason : reasons) {
      said.lower_to(reason.limit);
      count(reason);
      standing_.reasons.push_back(std::move(reason));
    }
    if (!said.is_above(dwell.limit)) return;
    const nanoseconds left = settings_.economic_dwell_on - dwell.counted;
    Reason held{source, SignalClass::economic, dwell.limit, {}, {}, override_active_};
    held.text = "economic " + text(dwell.limit) + ": it stays for " +
                so_far(dwell.counted, settings_.economic_dwell_on);
    held.until = moment_.wall + std::chrono::ceil<std::chrono::milliseconds>(left);
    count(held);
    standing_.reasons.push_back(std::move(held));
  }

  Limit on_the_way_down(const Limit& least) const {
    const double from = state_.in_force.fraction_of(situation_.plant);
    const double to = least.fraction_of(situation_.plant);
    if (to >= from || settings_.economic_ramp_down <= seconds(0)) return least;
    const double step = std::chrono::duration<double>(moment_.elapsed) /
                        std::chrono::duration<double>(settings_.economic_ramp_down);
    return from - step <= to ? least : limit_of(DutyCap{from - step});
  }

  void add_recovery() {
    if (outage_live_) {
      state_.recovering = true;
      state_.mains_good = nanoseconds(0);
      return;
    }
    if (!state_.recovering) return;
    state_.mains_good += moment_.counted;
    if (state_.mains_good >= settings_.mains_good) {
      state_.recovering = false;
      return;
    }
    Reason reason{"policy", std::nullopt, limit_of(DutyCap{0}), {}, {}, false};
    reason.text =
        "after an outage: mains good for " + so_far(state_.mains_good, settings_.mains_good);
    reason.until = moment_.wall + std::chrono::ceil<std::chrono::milliseconds>(
                                      settings_.mains_good - state_.mains_good);
    const bool capped = standing_.capped;
    add(std::move(reason));
    standing_.capped = capped;
  }

  const PolicySettings& settings_;
  const Situation& situation_;
  const Moment& moment_;
  bool override_active_;
  PolicyState& state_;
  Standing standing_;
  std::map<std::string, std::vector<Reason>, std::less<>> economic_;  ///< live, by source
  bool outage_live_ = false;
};

}  // namespace

std::string so_far(nanoseconds waited, nanoseconds of) {
  return whole_seconds(waited) + " of " + whole_seconds(of) + " s";
}

Moment advance_clock(const PolicySettings& settings, const Now& now, PolicyState& state) {
  Moment moment;
  moment.wall = now.wall;
  moment.first = !state.last;
  bool jumped = false;
  if (state.last) {
    moment.elapsed = std::max(now.steady - *state.last, nanoseconds(0));
    const auto elapsed = std::chrono::floor<std::chrono::milliseconds>(moment.elapsed);
    jumped = std::chrono::abs(now.wall - *state.wall - elapsed) > kClockJump;
  } else {
    jumped = state.wall && now.wall + kClockJump < *state.wall;
  }
  moment.counted = std::min<nanoseconds>(moment.elapsed, kMaxGap);
  if (jumped) {
    state.settling = nanoseconds(0);
  } else if (state.settling) {
    *state.settling += moment.counted;
  }
  if (state.settling && *state.settling >= settings.clock_settle) state.settling.reset();

  moment.believed = (now.synchronised || settings.trust_clock) && !state.settling;
  if (moment.believed || !state.highest) {
    state.highest = now.wall;
  } else {
    const auto passed = std::chrono::floor<std::chrono::milliseconds>(moment.elapsed);
    state.highest = std::max(now.wall, *state.highest + passed);
  }
  moment.begins = *state.highest;
  state.wall = now.wall;
  state.last = now.steady;
  if (!state.started) state.started = now.steady;
  return moment;
}

Standing standing(const PolicySettings& settings, const Situation& situation, const Moment& moment,
                  bool override_active, PolicyState& state) {
  return Collector(settings, situation, moment, override_active, state).collect();
}

}  // namespace ebb::throttle
