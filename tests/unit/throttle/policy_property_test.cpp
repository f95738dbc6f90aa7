// Random timelines: what holds whatever happens. EBB_PROPERTY_SEED repeats one, which a failure
// names; EBB_PROPERTY_RUNS sets how many there are.

#include <cstdlib>
#include <utility>

#include "tests/unit/catch.h"
#include "tests/unit/throttle/timeline_model.h"

using namespace ebb::throttle;
using namespace ebb::throttle::property;

namespace {

template <typename S>
MakeSubject subject() {
  return [](const PolicySettings& settings, const Plant& plant) {
    return std::make_unique<S>(settings, plant);
  };
}

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// What is wrong with a subject on a timeline; empty for nothing.
std::string fault(const Timeline& timeline, const MakeSubject& make) {
  const Run run(timeline, make);
  if (!run.fault().empty()) return run.fault();
  const Run again(timeline, make);
  return run.decisions() == again.decisions() ? "" : "(d) not the same again";
}

/// The same, and of being saved and loaded on the way.
std::string fault_of_the_throttle(const Timeline& timeline) {
  const Run run(timeline, subject<RealSubject>());
  const Run reloaded(timeline, subject<ReloadedSubject>());
  if (run.decisions() != reloaded.decisions()) return "(d) not the same when saved and loaded";
  return fault(timeline, subject<RealSubject>());
}

/// The seeds that fail are shrunk; the first that does is returned, as a person would want it.
struct Failure {
  std::string text;
  std::string what;
  std::size_t actions = 0;
};
using Check = std::function<std::string(const Timeline&)>;
std::optional<Failure> find_failure(const Check& check, std::uint64_t first, std::uint64_t runs) {
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    const Timeline timeline = generate(seed);
    if (check(timeline).empty()) continue;
    const Timeline small = shrink(timeline, [&](const Timeline& it) { return !check(it).empty(); });
    const std::string what = check(small);
    return Failure{"EBB_PROPERTY_SEED=" + std::to_string(seed) + ": " + what + "\n" + text(small),
                   what, small.actions.size()};
  }
  return std::nullopt;
}

/// Loses half of its signals.
class Forgetful : public RealSubject {
 public:
  using RealSubject::RealSubject;
  bool accept(const Now& now, const Signal& signal) override {
    if (signal.id != "b") return RealSubject::accept(now, signal);
    return std::exchange(newest_, std::max(newest_, signal.sequence)) < signal.sequence;
  }

 private:
  std::uint64_t newest_ = 0;
};

/// Keeps the signals over a restart, and nothing of what it was waiting for.
class Amnesiac : public RealSubject {
 public:
  using RealSubject::RealSubject;
  void start(Start how) override {
    if (how != Start::clean) return RealSubject::start(how);
    const std::vector<Signal> signals = throttle_->signals();
    throttle_ = Throttle::start(settings_, Start::fresh, {}, 7).value();
    for (Signal signal : signals) {
      signal.sequence = 0;
      CHECK(throttle_->accept({}, signal));
    }
  }
};

/// Believes every clock.
class Credulous : public RealSubject {
 public:
  using RealSubject::RealSubject;
  Decision decide(const Now& now) override {
    return RealSubject::decide({now.steady, now.wall, true});
  }
};

class Hasty : public RealSubject {
 public:
  Hasty(PolicySettings settings, const Plant& plant) : RealSubject(settings, plant) {
    settings_.debounce = 0s;
  }
};

class Steep : public RealSubject {
 public:
  Steep(PolicySettings settings, const Plant& plant) : RealSubject(settings, plant) {
    settings_.ramp_up /= 2;
  }
};

/// Draws lots anew for each run.
class Fickle : public RealSubject {
 public:
  using RealSubject::RealSubject;
  void start(Start how) override {
    static std::uint64_t seed = 0;
    const std::string saved = throttle_ ? throttle_->save() : std::string();
    throttle_ = Throttle::start(settings_, how, saved, ++seed).value();
  }
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kRuns = 2'000;  // many times slower there
#else
constexpr std::uint64_t kRuns = 10'000;
#endif

}  // namespace

TEST_CASE("policy: whatever happens, it is never above its caps and never rises wrongly") {
  const std::uint64_t seed = number("EBB_PROPERTY_SEED", 0);
  const std::uint64_t runs =
      number("EBB_PROPERTY_RUNS", std::getenv("EBB_PROPERTY_SEED") != nullptr ? 1 : kRuns);
  if (const auto failure = find_failure(fault_of_the_throttle, seed, runs)) FAIL(failure->text);
  if (runs < 10'000) WARN("only " << runs << " timelines");
  SUCCEED();
}

TEST_CASE("policy: throttles with a fault are found out, by few actions") {
  const struct {
    const char* name;
    MakeSubject make;
    const char* property;
  } faulty[] = {
      {"forgetful", subject<Forgetful>(), "(a)"}, {"amnesiac", subject<Amnesiac>(), "(b)"},
      {"credulous", subject<Credulous>(), "(a)"}, {"hasty", subject<Hasty>(), "(c)"},
      {"steep", subject<Steep>(), "(c)"},         {"fickle", subject<Fickle>(), "(d)"},
  };
  for (const auto& it : faulty) {
    CAPTURE(it.name);
    const auto failure =
        find_failure([&](const Timeline& timeline) { return fault(timeline, it.make); }, 0, 2'000);
    REQUIRE(failure);
    CAPTURE(failure->text);
    CHECK(failure->what.substr(0, 3) == it.property);
    CHECK(failure->actions <= 4);
  }
}
