#include "throttle/zero_proof.h"

#include <vector>

#include "tests/unit/catch.h"

using namespace ebb;
using namespace std::chrono_literals;
using throttle::Escalation;
using throttle::Zero;
using throttle::ZeroEvidence;
using throttle::ZeroProof;

namespace {

constexpr std::chrono::milliseconds kTick{100};

struct Step {
  std::chrono::milliseconds at;  ///< since the limit
  Escalation escalation;
  friend bool operator==(const Step&, const Step&) = default;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  return out << name(step.escalation) << " at " << step.at.count() << " ms";
}

using Steps = std::vector<Step>;

const Steps kAll{{2000ms, Escalation::stop_launches},
                 {4000ms, Escalation::end_workers},
                 {6000ms, Escalation::release_contexts},
                 {8000ms, Escalation::run_hook},
                 {10000ms, Escalation::raise_alarm}};

/// Devices that hash, and a process that works, at the rates set; looked at ten times a second.
class Site {
 public:
  Site() { proof.begin(now_, seen); }

  void run(std::chrono::milliseconds time) {
    for (const auto end = now_ + time; now_ < end;)
      tick();
  }
  void tick() {
    now_ += kTick;
    seen.hashes += hashes_a_tick;
    seen.cpu_time += std::chrono::duration_cast<std::chrono::nanoseconds>(cores * kTick);
    if (const auto step = proof.update(now_, seen)) steps.push_back({elapsed(), *step});
  }
  std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now_ - began_);
  }
  /// A meter of a plant that draws 100 W idle and 1,100 W at full work.
  void meter(double watts) {
    seen.watts = watts;
    seen.idle_watts = 100;
    seen.full_watts = 1100;
  }
  throttle::SteadyTime now() const { return now_; }

  ZeroProof proof;
  ZeroEvidence seen;
  std::uint64_t hashes_a_tick = 0;
  double cores = 0.003;
  Steps steps;

 private:
  const throttle::SteadyTime began_{1h};
  throttle::SteadyTime now_ = began_;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("zero proof: nothing is said where zero is not asked") {
  ZeroProof proof;
  CHECK(proof.update(throttle::SteadyTime{1h}, {}) == std::nullopt);
  CHECK(proof.zero() == Zero::not_asked);
  CHECK_FALSE(proof.time_to_zero());
  CHECK(proof.text().empty());
}

TEST_CASE("zero proof: zero is seen over a while, never at once") {
  Site site;
  site.hashes_a_tick = 1000;
  site.cores = 4;
  site.tick();
  site.hashes_a_tick = 0;
  site.cores = 0.003;
  site.run(200ms);
  CHECK(site.proof.zero() == Zero::awaited);
  CHECK_FALSE(site.proof.time_to_zero());
  site.tick();
  CHECK(site.proof.zero() == Zero::proved);
  CHECK(site.proof.time_to_zero() == 100ms);
  CHECK(contains(site.proof.text(), "zero after 0.1 s: 0 hashes and 0.3% of a core"));
  site.run(1h);
  CHECK(site.steps.empty());
  CHECK(site.proof.time_to_zero() == 100ms);
}

TEST_CASE("zero proof: what never ends climbs every step, once, and is a fault") {
  Site site;
  SECTION("hashes are counted") {
    site.hashes_a_tick = 1;
  }
  SECTION("only CPU time shows") {
    site.cores = 0.06;
  }
  for (int i = 0; i < 99; ++i) {
    site.tick();
    REQUIRE(site.proof.zero() == Zero::awaited);
  }
  site.run(1h);
  CHECK(site.steps == kAll);
  CHECK(site.proof.zero() == Zero::failed);
  CHECK_FALSE(site.proof.time_to_zero());
  CHECK(contains(site.proof.text(), "zero cannot be reached: "));
  CHECK(contains(site.proof.text(),
                 "tried: stop launches, end workers, release contexts, run hook, "
                 "raise alarm"));
}

TEST_CASE("zero proof: escalation ends with the step that helps, and says so") {
  const std::size_t helps = GENERATE(0u, 1u, 2u, 3u);
  Site site;
  site.cores = 1;
  site.run(kAll[helps].at);
  REQUIRE(site.steps.size() == helps + 1);
  site.cores = 0;
  site.run(300ms);
  CHECK(site.proof.zero() == Zero::proved);
  CHECK(site.proof.time_to_zero() == kAll[helps].at);
  site.run(1min);
  CHECK(site.steps == Steps(kAll.begin(), kAll.begin() + static_cast<int>(helps) + 1));
  CHECK(contains(site.proof.text(), "; it took: stop launches"));
  CHECK(contains(site.proof.text(), name(kAll[helps].escalation)));
  CHECK_FALSE(contains(site.proof.text(), "late"));
}

TEST_CASE("zero proof: zero after the alarm is proved, late") {
  Site site;
  site.cores = 1;
  site.run(1min);
  REQUIRE(site.proof.zero() == Zero::failed);
  site.cores = 0;
  site.run(200ms);
  CHECK(site.proof.zero() == Zero::failed);
  site.run(100ms);
  CHECK(site.proof.zero() == Zero::proved);
  CHECK(site.proof.time_to_zero() == 1min);
  CHECK(contains(site.proof.text(), "; late, after the alarm; it took: "));
}

TEST_CASE("zero proof: a fault lasts until the limit is lifted") {
  Site site;
  site.cores = 1;
  site.run(1min);
  REQUIRE(site.proof.zero() == Zero::failed);
  site.proof.begin(site.now(), site.seen);
  CHECK(site.proof.zero() == Zero::failed);
  site.proof.end();
  CHECK(site.proof.zero() == Zero::not_asked);
  site.proof.begin(site.now(), site.seen);
  CHECK(site.proof.zero() == Zero::awaited);
}

TEST_CASE("zero proof: a hash after the proof takes it back and escalates anew, at once") {
  Site site;
  site.run(10s);
  REQUIRE(site.proof.zero() == Zero::proved);
  site.hashes_a_tick = 1;
  site.tick();
  CHECK(site.proof.zero() == Zero::awaited);
  CHECK_FALSE(site.proof.time_to_zero());
  site.run(1min);
  CHECK(site.proof.zero() == Zero::failed);
  REQUIRE(site.steps.size() == kAll.size());
  for (std::size_t i = 0; i < kAll.size(); ++i)
    CHECK(site.steps[i] == Step{kAll[i].at + 8100ms, kAll[i].escalation});
}

TEST_CASE("zero proof: a device that hashes now and then is never proved for long") {
  Site site;
  site.run(1s);
  REQUIRE(site.proof.zero() == Zero::proved);
  for (int second = 0; second < 60; ++second) {
    site.seen.hashes += 1'000'000;
    for (int i = 0; i < 10; ++i) {
      site.tick();
      REQUIRE(site.proof.zero() != Zero::proved);
    }
  }
  CHECK(site.steps.size() == kAll.size());
  CHECK(site.proof.zero() == Zero::failed);
}

TEST_CASE("zero proof: honest work of the process for a moment is no sign of hashing") {
  Site site;
  site.run(1s);
  REQUIRE(site.proof.zero() == Zero::proved);
  for (int i = 0; i < 60; ++i) {
    site.seen.cpu_time += 80ms;  // within one tick: 80% of a core
    site.run(3s);
    REQUIRE(site.proof.zero() == Zero::proved);
  }
  CHECK(site.steps.empty());
}

TEST_CASE("zero proof: CPU time that stays up after the proof takes it back") {
  Site site;
  site.run(10s);
  REQUIRE(site.proof.zero() == Zero::proved);
  site.cores = 0.06;
  site.run(2s);
  CHECK(site.proof.zero() == Zero::awaited);
  CHECK(site.steps.size() == 1);
  site.run(8s);
  CHECK(site.proof.zero() == Zero::failed);
}

TEST_CASE("zero proof: the limit begins anew only after its end") {
  Site site;
  site.hashes_a_tick = 1;
  site.run(1s);
  site.proof.begin(site.now(), site.seen);
  site.run(1s);
  CHECK(site.steps == Steps{kAll.front()});
}

TEST_CASE("zero proof: a meter that shows work denies the proof and escalates after five seconds") {
  Site site;
  site.meter(201);
  site.run(4900ms);
  CHECK(site.proof.zero() == Zero::awaited);
  CHECK(site.steps.empty());
  site.run(100ms);
  REQUIRE(site.steps == Steps{{5000ms, Escalation::stop_launches}});
  SECTION("for good") {
    site.run(8s);
    CHECK(site.steps.size() == 5);
    CHECK(site.proof.zero() == Zero::failed);
    CHECK(contains(site.proof.text(), ", 201 W (100 W idle)"));
  }
  SECTION("until a step helps") {
    site.run(2s);
    site.meter(200);  // a tenth of the way up from idle
    site.tick();
    CHECK(site.proof.zero() == Zero::proved);
    site.run(1min);
    CHECK(site.steps.size() == 2);
  }
}

TEST_CASE("zero proof: a step that ended the work leaves the meter its time") {
  Site site;
  site.meter(1100);
  site.cores = 4;
  site.run(4s);
  REQUIRE(site.steps.size() == 2);
  site.cores = 0;
  site.run(4900ms);
  CHECK(site.steps.size() == 2);
  site.meter(100);
  site.tick();
  CHECK(site.proof.zero() == Zero::proved);
  CHECK(site.proof.time_to_zero() == 4s);
}

TEST_CASE("zero proof: a meter that rises after the proof takes it back, a spike does not") {
  Site site;
  site.meter(100);
  site.run(10s);
  REQUIRE(site.proof.zero() == Zero::proved);
  site.meter(1100);
  site.run(4900ms);
  site.meter(100);
  site.tick();
  site.meter(1100);
  site.run(5s);
  CHECK(site.proof.zero() == Zero::proved);
  CHECK(site.steps.empty());
  site.tick();
  CHECK(site.proof.zero() == Zero::awaited);
  CHECK(site.steps.size() == 1);
}

TEST_CASE("zero proof: a meter whose idle or full figure is not known is not asked") {
  Site site;
  site.meter(1100);
  SECTION("no idle figure") {
    site.seen.idle_watts.reset();
  }
  SECTION("no full figure") {
    site.seen.full_watts.reset();
  }
  SECTION("no reading") {
    site.seen.watts.reset();
  }
  site.run(300ms);
  CHECK(site.proof.zero() == Zero::proved);
  CHECK_FALSE(contains(site.proof.text(), " W"));
}

TEST_CASE("zero proof: a device that has not come back is believed after the whole time only") {
  Site site;
  site.seen.answered = false;
  site.run(1900ms);
  CHECK(site.proof.zero() == Zero::awaited);
  site.run(100ms);
  CHECK(site.proof.zero() == Zero::proved);
  CHECK(site.proof.time_to_zero() == 0ms);
  CHECK(site.steps.empty());
}

TEST_CASE("zero proof: released is what is proved and has given back its idle power") {
  Site site;
  site.seen.released = true;
  site.run(200ms);
  CHECK(site.proof.zero() == Zero::awaited);
  site.run(1s);
  CHECK(site.proof.zero() == Zero::released);
  site.seen.released = false;
  site.tick();
  CHECK(site.proof.zero() == Zero::proved);
}

TEST_CASE("zero proof: whoever looks seldom takes one step at a time, and proves all the same") {
  ZeroProof proof;
  ZeroEvidence seen;
  throttle::SteadyTime now{1h};
  proof.begin(now, seen);
  seen.hashes = 1;
  CHECK(proof.update(now += 10s, seen) == Escalation::stop_launches);
  CHECK(proof.update(now += 1s, seen) == std::nullopt);
  CHECK(proof.zero() == Zero::proved);
  CHECK(proof.time_to_zero() == 10s);
}
