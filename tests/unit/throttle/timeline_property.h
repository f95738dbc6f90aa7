#pragma once
// Random timelines through the throttle, beside a simple model of what must hold; shrinking.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "throttle/policy_state.h"
#include "throttle/throttle.h"

namespace ebb::throttle::property {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

enum class Kind {
  wait,
  send,
  retract,
  hear,
  set_override,
  resend,  // from here on to `suspend`: nothing of it may raise
  replay,
  restart,
  kill,
  power_cut,
  jump,
  lose_time,
  suspend,
  find_time
};
inline constexpr const char* kKinds[] = {"wait",   "send",      "retract", "hear",     "override",
                                         "resend", "replay",    "restart", "kill",     "power cut",
                                         "jump",   "lose time", "suspend", "find time"};
inline bool may_raise(Kind kind) {
  return kind < Kind::resend || kind == Kind::find_time;
}

/// The numbers choose among what the kind offers; smaller is simpler.
struct Action {
  Kind kind = Kind::wait;
  unsigned a = 0, b = 0, c = 0, d = 0;
};

struct Timeline {
  unsigned settings = 0;
  std::vector<Action> actions;
};

inline std::string text(const Timeline& timeline) {
  std::ostringstream out;
  out << "settings " << timeline.settings << '\n';
  for (const Action& it : timeline.actions) {
    out << "  " << kKinds[static_cast<int>(it.kind)] << ' ' << it.a << ' ' << it.b << ' ' << it.c
        << ' ' << it.d << '\n';
  }
  return out.str();
}

inline Timeline generate(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  Timeline timeline;
  timeline.settings = below(1024);
  const unsigned length = 3 + below(18);
  for (unsigned i = 0; i < length; ++i) {
    Kind kind = static_cast<Kind>(below(14));
    const unsigned likely = below(10);
    if (likely < 3) kind = Kind::wait;
    if (likely == 3 || likely == 4) kind = Kind::send;
    if (likely == 5) kind = Kind::retract;
    timeline.actions.push_back({kind, below(64), below(64), below(64), below(64)});
  }
  return timeline;
}

inline const std::vector<SourceRule>& rules() {
  using enum SignalClass;
  static const std::vector<SourceRule> all{
      {"operator", by_operator, false},
      {"schedule", mandatory, false},
      {"grid", mandatory, true, 15s, 8s, DutyCap{0.3}, 0.1},
      {"ups", protective, false},
      {"site", protective, true, 12s, 6s, DutyCap{0}, 0},
      {"price", economic, true, 15s, 8s, DutyCap{0}, 0},
  };
  return all;
}

inline PolicySettings settings_of(unsigned n) {
  PolicySettings settings;
  for (const SourceRule& rule : rules()) {
    if (!rule.feed || (rule.signal_class == SignalClass::economic) || n % 4 == 1) {
      settings.sources.push_back(rule);
    }
  }
  settings.ramp_up = n / 4 % 4 == 0 ? 0s : 20s;
  settings.economic_ramp_down = n / 16 % 2 == 0 ? 0s : 10s;
  settings.random_return = n / 32 % 2 == 0 ? 0s : 20s;
  settings.debounce = n / 64 % 2 == 0 ? 5s : 0s;
  settings.mains_good = 25s;
  settings.economic_dwell_off = n / 128 % 4 == 0 ? 6s : 0s;
  settings.economic_dwell_on = n / 128 % 4 == 0 ? 9s : 0s;
  settings.clock_settle = 10s;
  if (n / 512 == 1) settings.ramp_watts_per_minute = 3000;
  return settings;
}

inline Plant plant_of(unsigned n) {
  return n / 2 % 2 == 0 ? Plant{1100, 100, 1e9} : Plant{};
}

/// What the timelines drive.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual void start(Start how) = 0;  ///< goes on with what was saved
  virtual bool accept(const Now& now, const Signal& signal) = 0;
  virtual void retract(const Now& now, const std::string& source, const std::string& id,
                       std::uint64_t sequence) = 0;
  virtual void heard(const Now& now, const std::string& source) = 0;
  virtual void set_override(std::optional<Override> override) = 0;
  virtual Decision decide(const Now& now) = 0;
  virtual milliseconds random_return() = 0;  ///< drawn for the event
};
using MakeSubject = std::function<std::unique_ptr<Subject>(const PolicySettings&, const Plant&)>;

/// The throttle itself.
class RealSubject : public Subject {
 public:
  RealSubject(PolicySettings settings, Plant plant)
      : settings_(std::move(settings)), plant_(plant) {}
  void start(Start how) override {
    std::string saved = throttle_ ? throttle_->save() : std::string();
    throttle_ = Throttle::start(settings_, how, saved, 7).value();
  }
  bool accept(const Now& now, const Signal& signal) override {
    return throttle_->accept(now, signal).has_value();
  }
  void retract(const Now& now, const std::string& source, const std::string& id,
               std::uint64_t sequence) override {
    throttle_->retract(now, source, id, sequence);
  }
  void heard(const Now& now, const std::string& source) override { throttle_->heard(now, source); }
  void set_override(std::optional<Override> override) override {
    throttle_->set_override(std::move(override));
  }
  Decision decide(const Now& now) override { return throttle_->decide(now, Zero::proved, plant_); }
  milliseconds random_return() override {
    const std::string saved = throttle_->save();
    const std::string_view key = "\"random_return_ms\":";
    return milliseconds(std::stoll(saved.substr(saved.find(key) + key.size())));
  }

 protected:
  PolicySettings settings_;
  Plant plant_;
  std::optional<Throttle> throttle_;
};

/// The policy, saved and loaded again before every fourth decision.
class ReloadedSubject : public Subject {
 public:
  ReloadedSubject(PolicySettings settings, Plant plant)
      : settings_(std::move(settings)), plant_(plant) {
    state_.seed = 7;
  }
  void start(Start how) override {
    state_ = restarted(load_policy_state(save(state_)).value(), how, settings_);
    book_ = SignalBook::load(book_.save()).value();
  }
  bool accept(const Now& now, const Signal& signal) override {
    return book_.accept(now, signal).has_value();
  }
  void retract(const Now& now, const std::string& source, const std::string& id,
               std::uint64_t sequence) override {
    book_.retract(now, source, id, sequence);
  }
  void heard(const Now& now, const std::string& source) override { book_.heard(now, source); }
  void set_override(std::optional<Override> override) override { override_ = std::move(override); }
  Decision decide(const Now& now) override {
    if (++decisions_ % 4 == 0) reload();
    const std::vector<Signal> signals = book_.signals();
    const Situation situation{now, signals, book_.heard_times(), override_, Zero::proved, plant_};
    Evaluation it = evaluate(settings_, situation, std::move(state_));
    state_ = std::move(it.state);
    if (it.override_over) override_.reset();
    if (it.clock_believed) book_.prune(now.wall);
    return it.decision;
  }
  milliseconds random_return() override { return state_.random_return; }

 private:
  void reload() {
    PolicyState loaded = load_policy_state(save(state_)).value();
    loaded.started = state_.started;
    loaded.last = state_.last;
    state_ = std::move(loaded);
    SignalBook book = SignalBook::load(book_.save()).value();
    for (const auto& [source, at] : book_.heard_times())
      book.heard(Now{at, {}, false}, source);
    book_ = std::move(book);
  }

  PolicySettings settings_;
  Plant plant_;
  SignalBook book_;
  PolicyState state_;
  std::optional<Override> override_;
  unsigned decisions_ = 0;
};

}  // namespace ebb::throttle::property
