#pragma once
// A plain model of what must hold on a timeline, and the run that compares.

#include <algorithm>
#include <map>

#include "tests/unit/throttle/timeline_property.h"

namespace ebb::throttle::property {

/// One decision, as the model saw it.
struct Seen {
  Decision decision;
  nanoseconds counted{0};  ///< time for waits, up to here
  Limit allowed;           ///< by what stands
  bool override_active = false;
  bool others = false;  ///< see Model
};

class Model {
 public:
  Model(const PolicySettings& settings, const Plant& plant) : settings_(settings), plant_(plant) {}

  std::map<std::pair<std::string, std::string>, Signal> signals;
  std::map<std::string, SteadyTime> heard;
  std::optional<Override> override;
  bool event = false;

  void started(SteadyTime steady, WallTime wall, Start how) {
    heard.clear();
    started_ = steady;
    last_.reset();
    if (wall_ && wall + kClockJump < *wall_) settling_ = 0ns;
    if (how == Start::outage || (how == Start::killed && event)) mains_good_ = 0ns;
  }

  struct Bounds {
    Limit ceiling;  ///< nothing above it may be in force
    Limit allowed;  ///< nothing may rise above it; economic caps that come down are in it
  };
  Bounds at(const Now& now, nanoseconds counted, nanoseconds elapsed) {
    clock(now, counted, elapsed);
    Bounds bounds;
    const auto lower = [&](const Cap& cap, SignalClass signal_class) {
      bounds.allowed.lower_to(cap);
      bounds.ceiling.lower_to(cap);
      if (!is_full(cap) && signal_class != SignalClass::by_operator) others = true;
    };
    for (const SourceRule& rule : settings_.sources) {
      if (!rule.feed || rule.signal_class == SignalClass::economic) continue;
      if (override && rule.signal_class == SignalClass::mandatory) continue;
      if (!heard.contains(rule.name) && now.steady - started_ < rule.grace) {
        lower(DutyCap{0}, rule.signal_class);
      } else if (silent(rule, now)) {
        lower(rule.fallback, rule.signal_class);
      }
    }
    bool outage = false;
    std::map<std::string, nanoseconds> seen;
    for (auto it = signals.begin(); it != signals.end();) {
      const Signal& signal = it->second;
      if (believed_ && signal.valid_until && *signal.valid_until <= now.wall) {
        it = signals.erase(it);
        continue;
      }
      ++it;
      if (signal.valid_from > (believed_ ? now.wall : highest_)) continue;
      if (signal.outage) {
        const auto known = ridden_.find(signal.id);
        const nanoseconds ridden = known == ridden_.end() ? 0ns : known->second + elapsed;
        seen[signal.id] = ridden;
        if (ridden < settings_.ride_through && !signal.urgent) continue;
        outage = true;
      }
      const SourceRule* rule = rule_of(signal.source);
      if (override &&
          (signal.signal_class == SignalClass::by_operator ||
           signal.signal_class == SignalClass::economic ||
           (signal.signal_class == SignalClass::mandatory && rule->feed && silent(*rule, now)))) {
        continue;
      }
      Cap cap = signal.cap;
      if (auto* duty = std::get_if<DutyCap>(&cap)) {
        duty->fraction = std::max(duty->fraction, rule->floor);
      } else if (rule->floor > 0) {
        continue;  // what its floor is in watts is not the model's business
      }
      if (signal.signal_class != SignalClass::economic) {
        lower(cap, signal.signal_class);
      } else if (settings_.economic_dwell_off == 0s) {
        others = others || !is_full(cap);
        bounds.allowed.lower_to(cap);
        if (settings_.economic_ramp_down == 0s) bounds.ceiling.lower_to(cap);
      }
    }
    ridden_ = std::move(seen);
    if (outage) {
      mains_good_ = 0ns;
    } else if (mains_good_) {
      *mains_good_ += counted;
      if (*mains_good_ >= settings_.mains_good) mains_good_.reset();
    }
    if (mains_good_ && !outage) lower(DutyCap{0}, SignalClass::protective);
    return bounds;
  }

  bool others = false;  ///< the event had a cap that was not the operator's

 private:
  const SourceRule* rule_of(const std::string& source) const {
    return &*std::find_if(rules().begin(), rules().end(),
                          [&](const SourceRule& rule) { return rule.name == source; });
  }

  bool silent(const SourceRule& rule, const Now& now) const {
    const auto it = heard.find(rule.name);
    const bool ruled =
        std::any_of(settings_.sources.begin(), settings_.sources.end(),
                    [&](const SourceRule& other) { return other.name == rule.name; });
    return ruled && (it == heard.end() || now.steady - it->second > rule.stale_after);
  }

  void clock(const Now& now, nanoseconds counted, nanoseconds elapsed) {
    bool jumped = false;
    if (last_) {
      const auto astray = now.wall - *wall_ - elapsed;
      jumped = astray > kClockJump || astray < -kClockJump;
    }
    if (settling_) *settling_ += counted;
    if (jumped) settling_ = 0ns;
    if (settling_ && *settling_ >= settings_.clock_settle) settling_.reset();
    believed_ = now.synchronised && !settling_;
    highest_ = believed_ ? now.wall : std::max(now.wall, highest_);
    wall_ = now.wall;
    last_ = now.steady;
    if (override && (!believed_ || override->until <= now.wall)) override.reset();
  }

  PolicySettings settings_;
  Plant plant_;
  SteadyTime started_{};
  std::optional<SteadyTime> last_;
  std::optional<WallTime> wall_;
  WallTime highest_ = WallTime::min();
  bool believed_ = true;
  std::optional<nanoseconds> settling_, mains_good_;
  std::map<std::string, nanoseconds> ridden_;  ///< outages
};

/// Runs one timeline through a subject. What it finds wrong; empty for nothing.
class Run {
 public:
  Run(const Timeline& timeline, const MakeSubject& make)
      : settings_(settings_of(timeline.settings)),
        plant_(plant_of(timeline.settings)),
        subject_(make(settings_, plant_)),
        model_(settings_, plant_) {
    subject_->start(Start::fresh);
    model_.started(now_.steady, now_.wall, Start::fresh);
    decide(0ns);
    for (const Action& action : timeline.actions) {
      act(action);
      if (!fault_.empty()) return;
    }
    wait(100, 1s);  // for returns to come to their end
  }

  const std::string& fault() const { return fault_; }
  std::vector<Decision> decisions() const {
    std::vector<Decision> result;
    for (const Seen& it : seen_)
      result.push_back(it.decision);
    return result;
  }

 private:
  static Cap cap_of(unsigned n) {
    const Cap caps[] = {DutyCap{0},    DutyCap{0.5}, DutyCap{1},         DutyCap{0.2},
                        PowerCap{600}, PowerCap{0},  HashrateCap{0.4e9}, DutyCap{0.8}};
    return caps[n % 8];
  }

  void send(const Action& action) {
    const SourceRule& rule = rules()[action.a % rules().size()];
    Signal signal;
    signal.source = rule.name;
    signal.id = action.a / 8 % 2 == 0 ? "a" : "b";
    signal.cap = cap_of(action.b);
    signal.signal_class = rule.signal_class;
    const int begin = static_cast<int>(action.c % 8);
    signal.valid_from = now_.wall + std::chrono::seconds(begin < 4 ? 0 : (begin - 5) * 7);
    if (action.c / 8 % 4 != 0) {
      signal.valid_until = std::max(signal.valid_from, now_.wall) +
                           std::chrono::seconds(3 + 11 * (action.c / 8 % 4));
    }
    signal.received_at = now_.wall;
    signal.sequence = ++sequence_;
    signal.outage = rule.name == "ups";
    signal.urgent = action.d % 4 == 3;
    history_.push_back(signal);
    deliver(signal, false);
  }

  void deliver(const Signal& signal, bool replay) {
    const bool accepted = subject_->accept(now_, signal);
    if (accepted == replay) fail(replay ? "a replay was accepted" : "a signal was refused");
    if (replay) return;
    model_.signals[{signal.source, signal.id}] = signal;
    model_.heard[signal.source] = now_.steady;
  }

  void act(const Action& action) {
    nanoseconds elapsed{0};
    switch (action.kind) {
      case Kind::wait:
        return wait(1 + action.a % 32, action.b % 8 == 7 ? 3s : action.b % 8 == 6 ? 250ms : 1s);
      case Kind::send:
        send(action);
        break;
      case Kind::retract: {
        const std::string source = rules()[action.a % rules().size()].name;
        const std::string id = action.b % 2 == 0 ? "a" : "b";
        const std::uint64_t sequence = ++sequence_;
        subject_->retract(now_, source, id, sequence);
        model_.signals.erase({source, id});
        // A source that has never spoken has nothing to retract, and is not heard by it.
        if (spoke(source)) model_.heard[source] = now_.steady;
        break;
      }
      case Kind::hear: {
        const std::string source = rules()[action.a % rules().size()].name;
        subject_->heard(now_, source);
        model_.heard[source] = now_.steady;
        heard_once_.push_back(source);
        break;
      }
      case Kind::set_override:
        model_.override.reset();
        if (action.a % 4 != 0) {
          model_.override = Override{now_.wall + std::chrono::seconds(5 + action.b), "test"};
        }
        subject_->set_override(model_.override);
        break;
      case Kind::resend:
        if (!history_.empty()) deliver(history_.back(), true);
        break;
      case Kind::replay:
        if (!history_.empty()) deliver(history_[action.a % history_.size()], true);
        break;
      case Kind::restart:
      case Kind::kill:
      case Kind::power_cut:
        restart(action);
        break;
      case Kind::jump:
        now_.wall += std::chrono::seconds(action.a % 2 == 0 ? 1 : -1) *
                     static_cast<int>(3 + action.b * action.b);
        break;
      case Kind::lose_time:
        now_.synchronised = false;
        break;
      case Kind::find_time:
        now_.synchronised = true;
        break;
      case Kind::suspend:
        elapsed = std::chrono::seconds(11 + action.a);
        break;
    }
    advance(elapsed);
    decide(elapsed, may_raise(action.kind) || action.kind == Kind::suspend);
    // What ended meanwhile is the next step's business.
    if (Kind::restart <= action.kind && action.kind <= Kind::power_cut) wait(1, 250ms);
  }

  bool spoke(const std::string& source) const {
    return std::any_of(history_.begin(), history_.end(),
                       [&](const Signal& it) { return it.source == source; }) ||
           std::find(heard_once_.begin(), heard_once_.end(), source) != heard_once_.end();
  }

  void restart(const Action& action) {
    const Start how = action.kind == Kind::restart ? Start::clean
                      : action.kind == Kind::kill  ? Start::killed
                                                   : Start::outage;
    advance(std::chrono::seconds(action.a));
    if (how == Start::outage) now_.steady = SteadyTime(std::chrono::seconds(action.b));
    subject_->start(how);
    model_.started(now_.steady, now_.wall, how);
  }

  void advance(nanoseconds elapsed) {
    now_.steady += elapsed;
    now_.wall += std::chrono::duration_cast<milliseconds>(elapsed);
  }

  void wait(unsigned steps, nanoseconds step) {
    for (unsigned i = 0; i < steps && fault_.empty(); ++i) {
      advance(step);
      decide(step);
    }
  }

  void decide(nanoseconds elapsed, bool may_rise = true) {
    const nanoseconds counted = std::min<nanoseconds>(elapsed, kMaxGap);
    counted_ += counted;
    Seen seen;
    seen.decision = subject_->decide(now_);
    const Model::Bounds bounds = model_.at(now_, counted, elapsed);
    seen.counted = counted_;
    seen.allowed = bounds.allowed;
    seen.override_active = model_.override.has_value();
    seen.others = model_.others;
    if (seen.decision.limit.is_above(bounds.ceiling)) {
      fail("(a) above what the live caps allow: " + text(seen.decision.limit) + " over " +
           text(bounds.ceiling));
    }
    if (!seen_.empty() && rises(seen_.back().decision.limit, seen.decision.limit)) {
      if (!may_rise) fail("(b) what may not raise did");
      check_rise(seen, counted);
    }
    seen_.push_back(std::move(seen));
    model_.event = seen_.back().decision.event != 0;
    if (!model_.event) model_.others = false;
  }

  /// Zero is zero in whatever unit.
  static bool rises(const Limit& before, const Limit& after) {
    return after.is_above(before) && !after.is_zero();
  }

  void check_rise(const Seen& seen, nanoseconds counted) {
    const Limit& limit = seen.decision.limit;
    const Limit& before = seen_.back().decision.limit;
    if (limit.is_above(seen.allowed)) fail("(c) a rise against a live reason");
    if (settings_.ramp_up > 0s) {
      double rate = 1 / std::chrono::duration<double>(settings_.ramp_up).count();
      if (settings_.ramp_watts_per_minute && plant_.full_watts) {
        rate = std::min(rate, *settings_.ramp_watts_per_minute / 60 / 1000);
      }
      const double rise = limit.fraction_of(plant_) - before.fraction_of(plant_);
      if (rise > rate * std::chrono::duration<double>(counted).count() + 1e-9) {
        fail("(c) faster than the ramp");
      }
    }
    nanoseconds least{0};
    // A ramp goes on up to a new cap above it: what counts is how it began.
    const auto begun = std::find_if(seen_.rbegin(), seen_.rend(), [](const Seen& it) {
      return it.decision.state != State::ramping;
    });
    if (begun->others) {
      bool spared = seen.override_active;
      const nanoseconds whole = settings_.debounce + subject_->random_return();
      for (auto it = seen_.rbegin(); it != seen_.rend(); ++it) {
        if (it->counted <= seen.counted - whole) break;
        spared = spared || it->override_active;
      }
      least = spared ? nanoseconds(settings_.debounce) : whole;
    }
    for (auto it = seen_.rbegin(); it != seen_.rend(); ++it) {
      if (it->counted <= seen.counted - least) break;
      if (limit.is_above(it->allowed)) return fail("(c) a rise before its wait was over");
    }
  }

  void fail(std::string what) {
    if (!fault_.empty()) return;
    fault_ = std::move(what) + ", after " +
             std::to_string(std::chrono::duration<double>(counted_).count()) + " s";
  }

  PolicySettings settings_;
  Plant plant_;
  std::unique_ptr<Subject> subject_;
  Model model_;
  Now now_{SteadyTime(1000s), WallTime(1'643'000'000s), true};
  std::uint64_t sequence_ = 0;
  std::vector<Signal> history_;
  std::vector<std::string> heard_once_;
  nanoseconds counted_{0};
  std::vector<Seen> seen_;
  std::string fault_;
};

/// The smallest timeline found that still fails.
inline Timeline shrink(Timeline timeline, const std::function<bool(const Timeline&)>& fails) {
  const auto keep_if_fails = [&](Timeline smaller) {
    if (!fails(smaller)) return false;
    timeline = std::move(smaller);
    return true;
  };
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (std::size_t size = std::max<std::size_t>(timeline.actions.size() / 2, 1); size > 0;
         size /= 2) {
      for (std::size_t at = 0; at + size <= timeline.actions.size();) {
        Timeline less = timeline;
        const auto from = less.actions.begin() + static_cast<std::ptrdiff_t>(at);
        less.actions.erase(from, from + static_cast<std::ptrdiff_t>(size));
        if (keep_if_fails(std::move(less))) {
          smaller = true;
        } else {
          ++at;
        }
      }
    }
    for (std::size_t at = 0; at < timeline.actions.size(); ++at) {
      for (unsigned Action::*number : {&Action::a, &Action::b, &Action::c, &Action::d}) {
        for (const unsigned less : {0U, timeline.actions[at].*number / 2}) {
          if (timeline.actions[at].*number <= less) continue;
          Timeline simpler = timeline;
          simpler.actions[at].*number = less;
          smaller = keep_if_fails(std::move(simpler)) || smaller;
        }
      }
    }
  }
  return timeline;
}

}  // namespace ebb::throttle::property
