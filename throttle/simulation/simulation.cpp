#include "throttle/simulation/simulation.h"

#include <algorithm>
#include <map>
#include <optional>
#include <queue>
#include <utility>

#include "throttle/schedule/time_zone.h"

namespace ebb::throttle {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPeriod{1};      // between decisions while something moves
constexpr seconds kZeroProved{1};  // after zero was asked for
constexpr seconds kRefresh{60};    // of the schedule, as the miner does
constexpr std::chrono::days kHorizon{14};
constexpr std::chrono::hours kLongestLeap{1};

/// The steps of a timeline and their repetitions, in order of time; at one time in order of the
/// file.
class Occurrences {
 public:
  explicit Occurrences(const std::vector<Step>& steps) : steps_(steps) {
    for (std::size_t i = 0; i < steps.size(); ++i)
      next_.emplace(steps[i].at, i);
  }

  std::optional<WallTime> next_at() const {
    return next_.empty() ? std::nullopt : std::optional(next_.top().first);
  }

  const Step& take() {
    const auto [at, index] = next_.top();
    next_.pop();
    const Step& step = steps_[index];
    if (step.every && step.last - at >= *step.every) next_.emplace(at + *step.every, index);
    return step;
  }

 private:
  using Entry = std::pair<WallTime, std::size_t>;
  const std::vector<Step>& steps_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> next_;
};

/// All that moves besides the numbers that follow from time alone.
bool same_course(const Decision& a, const Decision& b) {
  return a.limit == b.limit && a.state == b.state && a.event == b.event && a.reasons == b.reasons;
}

class Simulator {
 public:
  Simulator(const SimulationInput& input, const Timeline& timeline)
      : input_(input),
        timeline_(timeline),
        occurrences_(timeline.steps),
        now_(timeline.begin),
        synchronised_(timeline.clock_synchronised),
        windows_(input.windows) {
    const PolicySettings& settings = input.settings;
    longest_wait_ = std::max({settings.debounce, settings.mains_good, settings.clock_settle,
                              settings.economic_dwell_off, settings.economic_dwell_on,
                              std::chrono::ceil<seconds>(settings.ride_through), kZeroProved});
    result_.begin = timeline.begin;
    result_.end = timeline.end;
    result_.plant = input.plant;
  }

  tl::expected<Simulation, std::string> run() {
    if (const auto ready = read_schedule(); !ready) return tl::unexpected(ready.error());
    if (const auto started = start(Start::fresh); !started) return tl::unexpected(started.error());
    while (now_ <= timeline_.end) {
      if (!running() && back_at_ <= now_) {
        if (const auto started = start(how_back_); !started) {
          return tl::unexpected(started.error());
        }
      }
      while (occurrences_.next_at() && *occurrences_.next_at() <= now_) {
        const Step& step = occurrences_.take();
        if (const auto done = std::visit([&](const auto& what) { return apply(what); }, step.what);
            !done) {
          return tl::unexpected(done.error());
        }
      }
      decide();
      advance();
    }
    return std::move(result_);
  }

 private:
  using Done = tl::expected<void, std::string>;

  bool running() const { return throttle_.has_value(); }
  WallTime wall() const { return now_ + clock_off_by_; }
  Now clocks() const { return {SteadyTime(now_ - booted_at_), wall(), synchronised_}; }

  void happened(const std::string& text) { happened_ += (happened_.empty() ? "" : "; ") + text; }
  void something_moves() { quiet_from_ = now_ + longest_wait_ + kPeriod; }

  Done read_schedule() {
    auto schedule = Schedule::read(windows_, input_.calendars);
    if (!schedule) return tl::unexpected(schedule.error());
    schedule_ = *std::move(schedule);
    return {};
  }

  Done start(Start how) {
    auto throttle = Throttle::start(input_.settings, how, saved_, input_.seed);
    if (!throttle) return tl::unexpected(throttle.error());
    throttle_ = *std::move(throttle);
    zero_since_.reset();
    started_at_ = now_;
    heard_at_.clear();
    refreshed_at_.reset();
    something_moves();
    return {};
  }

  Done apply(const SendSignal& send) {
    if (!running()) return {};
    Signal signal = send.signal;
    signal.received_at = wall();
    signal.valid_from = send.from.value_or(wall());
    if (send.lasts) signal.valid_until = signal.valid_from + *send.lasts;
    const std::string says = signal.source + " says " + text(signal.cap);
    const std::string source = signal.source;
    if (const auto accepted = throttle_->accept(clocks(), std::move(signal)); accepted) {
      heard_at_[source] = now_;
    } else {
      happened(says + ", refused: " + accepted.error());
    }
    something_moves();
    return {};
  }

  Done apply(const RetractSignal& retract) {
    if (!running()) return {};
    throttle_->retract(clocks(), retract.source, retract.id, 0);
    heard_at_[retract.source] = now_;
    something_moves();
    return {};
  }

  Done apply(const Heard& heard) {
    if (!running()) return {};
    throttle_->heard(clocks(), heard.source);
    heard_at_[heard.source] = now_;
    return {};
  }

  Done apply(const SetOverride& set) {
    if (!running()) return {};
    std::optional<Override> override;
    if (set.reason) override = {set.until.value_or(wall() + set.lasts), *set.reason};
    throttle_->set_override(std::move(override));
    happened(set.reason ? "override: " + *set.reason : "override ended");
    something_moves();
    return {};
  }

  Done apply(const PowerCut& cut) {
    if (!running()) return {};
    happened(cut.unclean ? "power cut" : "shut down");
    how_back_ = cut.unclean ? Start::outage : Start::clean;
    if (!cut.unclean) saved_ = throttle_->save();
    event_at_cut_ = throttle_->decision().event;
    throttle_.reset();
    back_at_ = now_ + cut.lasts;
    booted_at_ = back_at_;
    return {};
  }

  Done apply(const Restart&) {
    if (!running()) return {};
    happened("restart");
    saved_ = throttle_->save();
    return start(Start::clean);
  }

  Done apply(const Kill&) {
    if (!running()) return {};
    happened("killed");
    return start(Start::killed);
  }

  Done apply(const ClockJump& jump) {
    clock_off_by_ += jump.by;
    happened("the clock jumps");
    something_moves();
    return {};
  }

  Done apply(const ClockSynchronised& synchronised) {
    synchronised_ = synchronised.yes;
    happened(synchronised.yes ? "the clock is synchronised" : "nothing synchronises the clock");
    something_moves();
    return {};
  }

  Done apply(const NewSchedule& schedule) {
    windows_ = schedule.windows;
    happened("new schedule");
    refreshed_at_.reset();
    something_moves();
    return read_schedule();
  }

  Zero zero() const {
    if (!zero_since_) return Zero::not_asked;
    return now_ - *zero_since_ >= kZeroProved ? Zero::proved : Zero::awaited;
  }

  void decide() {
    if (!running()) {
      Decision off;
      off.limit.fraction = 0;
      off.event = event_at_cut_;
      record(false, off);
      return;
    }
    throttle_->decide(clocks(), zero(), input_.plant);
    refresh_schedule();
    const Decision& decision = throttle_->decision();
    if (!decision.limit.is_zero()) {
      zero_since_.reset();
    } else if (!zero_since_) {
      zero_since_ = now_;
      throttle_->decide(clocks(), zero(), input_.plant);
    }
    record(true, throttle_->decision());
  }

  /// Its signals, as the miner does: by a clock that is not believed no window has ended.
  void refresh_schedule() {
    if (refreshed_at_ && now_ - *refreshed_at_ < kRefresh) return;
    refreshed_at_ = now_;
    WallTime from = wall(), to = wall();
    if (!throttle_->clock_believed()) {
      for (const Signal& signal : throttle_->signals()) {
        if (signal.source != Schedule::kSource) continue;
        from = std::min(from, signal.valid_from);
        to = std::max(to, signal.valid_from);
      }
    }
    std::vector<Signal> signals = schedule_->signals(from, to + kHorizon, SignalBook::kMaxSignals);
    for (Signal& signal : signals)
      signal.received_at = wall();
    throttle_->replace(clocks(), Schedule::kSource, std::move(signals));
    throttle_->decide(clocks(), zero(), input_.plant);
  }

  void record(bool now_running, const Decision& decision) {
    const bool same = !result_.changes.empty() && result_.changes.back().running == now_running &&
                      same_course(result_.changes.back().decision, decision);
    if (same && happened_.empty()) return;
    if (!same) something_moves();
    result_.changes.push_back({now_, now_running, decision, std::exchange(happened_, {})});
    if (now_running) saved_ = throttle_->save();
  }

  /// Goes on to the next second, or further where nothing can change until then.
  void advance() {
    WallTime next = timeline_.end + kPeriod;
    const auto not_after = [&](std::optional<WallTime> time) {
      if (time && *time > now_) next = std::min(next, *time);
    };
    not_after(occurrences_.next_at());
    if (!running()) {
      not_after(back_at_);
      now_ = next;
      return;
    }
    const State state = throttle_->decision().state;
    if (now_ < quiet_from_ || state == State::shedding || state == State::holdoff ||
        state == State::ramping) {
      not_after(now_ + kPeriod);
      now_ = next;
      return;
    }
    not_after(now_ + kLongestLeap);
    const WallTime leap = next;
    const auto by_clock = [&](std::optional<WallTime> time) {
      if (time) not_after(*time - clock_off_by_);
    };
    for (const Signal& signal : throttle_->signals()) {
      by_clock(signal.valid_from);
      by_clock(signal.valid_until);
    }
    if (const auto& override = throttle_->override_now()) by_clock(override->until);
    for (const SourceRule& rule : input_.settings.sources) {
      not_after(started_at_ + rule.grace);
      const auto heard = heard_at_.find(rule.name);
      if (heard != heard_at_.end()) not_after(heard->second + rule.stale_after);
    }
    // Up to a second before: how long a movement lasts is measured from decision to decision.
    if (next - now_ > kPeriod) {
      now_ = next - kPeriod;
      return;
    }
    now_ = next;
    if (next < leap) something_moves();
  }

  const SimulationInput& input_;
  const Timeline& timeline_;
  Occurrences occurrences_;
  Simulation result_;

  WallTime now_;                  ///< of a clock that never jumps
  milliseconds clock_off_by_{0};  ///< of the machine's clock
  bool synchronised_;
  WallTime booted_at_{};

  std::vector<ScheduleWindow> windows_;
  std::optional<Schedule> schedule_;
  std::optional<WallTime> refreshed_at_;

  std::optional<Throttle> throttle_;  ///< nothing while the machine is off
  std::string saved_;
  WallTime started_at_{}, back_at_{};
  Start how_back_ = Start::fresh;
  std::uint64_t event_at_cut_ = 0;

  std::optional<WallTime> zero_since_;
  std::map<std::string, WallTime, std::less<>> heard_at_;
  std::string happened_;

  seconds longest_wait_{0};
  WallTime quiet_from_{};  ///< no wait without a state of its own can be under way any more
};

}  // namespace

tl::expected<Simulation, std::string> simulate(const SimulationInput& input,
                                               const Timeline& timeline) {
  return Simulator(input, timeline).run();
}

}  // namespace ebb::throttle
