#include "core/pacer.h"

#include "tests/unit/catch.h"
#include "tests/unit/core/support.h"

using namespace ebb::core;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

namespace {

constexpr Pacer::Clock::time_point kBegin{std::chrono::hours(100)};

/// A worker in faked time: slices of varying length, and sleeps that end late.
class Simulation {
 public:
  explicit Simulation(microseconds slice = milliseconds(5),
                      microseconds latest_wake = milliseconds(2))
      : slice_(slice), latest_wake_(latest_wake) {
    pacer_.start(now_);
  }

  /// Works and pauses until `span` has gone by and a pause has just ended.
  void run(seconds span, Duty duty) {
    const auto end = now_ + span;
    for (;;) {
      const nanoseconds pause = pacer_.pause(duty);
      if (pause.count() > 0) {
        now_ += pause + between(nanoseconds(0), latest_wake_);
        pacer_.account(now_, nanoseconds(0), duty);
        ++pauses_;
        longest_burst_ = std::max(longest_burst_, burst_);
        burst_ = nanoseconds(0);
        // The pause was as long as it had to be: there is nothing left to wait for.
        if (pacer_.pause(duty).count() > 0) ++short_pauses_;
      }
      if (now_ >= end && (pause.count() > 0 || duty == Duty())) return;
      work(between(slice_ / 5, slice_ * 9 / 5), duty);
    }
  }

  void work(nanoseconds time, Duty duty) {
    now_ += time;
    busy_ += time;
    burst_ += time;
    pacer_.account(now_, time, duty);
  }

  /// The device cannot work: time passes at this duty.
  void idle(nanoseconds time, Duty duty) {
    now_ += time;
    pacer_.account(now_, nanoseconds(0), duty);
  }

  /// Parked for so long, then started anew.
  void restart_after(nanoseconds time) {
    now_ += time;
    pacer_.start(now_);
  }

  Pacer& pacer() { return pacer_; }
  double elapsed() const { return std::chrono::duration<double>(now_ - kBegin).count(); }
  double busy() const { return std::chrono::duration<double>(busy_).count(); }
  int pauses() const { return pauses_; }
  int short_pauses() const { return short_pauses_; }
  nanoseconds longest_burst() const { return longest_burst_; }

 private:
  nanoseconds between(nanoseconds low, nanoseconds high) {
    const auto span = static_cast<std::uint64_t>((high - low).count()) + 1;
    return low + nanoseconds(static_cast<std::int64_t>(random_.u64() % span));
  }

  Pacer pacer_;
  ebb::test::Random random_{5};
  Pacer::Clock::time_point now_ = kBegin;
  nanoseconds slice_, latest_wake_, busy_{0}, burst_{0}, longest_burst_{0};
  int pauses_ = 0;
  int short_pauses_ = 0;
};

}  // namespace

TEST_CASE("pacer: over ten seconds busy time is the duty") {
  const double duty = GENERATE(0.01, 0.05, 0.25, 0.5, 0.75, 0.95);
  const int slice_us = GENERATE(500, 5'000, 10'000);
  INFO("duty " << duty << ", slices of about " << slice_us << " us");
  Simulation simulation{microseconds(slice_us)};
  simulation.run(seconds(10), Duty::from_fraction(duty));
  CHECK(simulation.elapsed() >= 10);
  CHECK(simulation.busy() / simulation.elapsed() == Approx(duty).epsilon(0.005));
  CHECK(simulation.short_pauses() == 0);
}

TEST_CASE("pacer: long slices even out as well") {
  // A GPU's slice of 50 ms and a machine so busy that a sleep ends 20 ms late.
  Simulation simulation(milliseconds(50), milliseconds(20));
  simulation.run(seconds(60), Duty::from_fraction(0.5));
  CHECK(simulation.busy() / simulation.elapsed() == Approx(0.5).epsilon(0.005));
}

TEST_CASE("pacer: full duty never pauses") {
  Simulation simulation;
  simulation.run(seconds(10), Duty());
  CHECK(simulation.pauses() == 0);
  CHECK(simulation.busy() == simulation.elapsed());
  // Not even when the device says it worked longer than the time that passed.
  simulation.pacer().account({}, seconds(100), Duty());
  CHECK(simulation.pacer().pause(Duty()).count() == 0);
}

TEST_CASE("pacer: the length of a pause") {
  Pacer pacer;
  const auto start = kBegin;
  pacer.start(start);
  CHECK(pacer.pause(Duty::from_fraction(0.01)).count() == 0);
  // 5 ms of work at a quarter: 15 ms of pause earn the 3.75 ms that are owed.
  const Duty quarter = Duty::from_fraction(0.25);
  pacer.account(start + milliseconds(5), milliseconds(5), quarter);
  CHECK(pacer.pause(quarter) == milliseconds(15));
  // Half of it gone by, half of it is left.
  pacer.account(start + microseconds(12'500), nanoseconds(0), quarter);
  CHECK(pacer.pause(quarter) == microseconds(7'500));
  pacer.account(start + milliseconds(20), nanoseconds(0), quarter);
  CHECK(pacer.pause(quarter).count() == 0);
}

TEST_CASE("pacer: time that others took from the slice is not charged") {
  // The slice lasted 20 ms but the device worked for 5: that is a quarter already.
  Pacer pacer;
  const Duty quarter = Duty::from_fraction(0.25);
  pacer.start(kBegin);
  pacer.account(kBegin + milliseconds(20), milliseconds(5), quarter);
  CHECK(pacer.pause(quarter).count() == 0);
}

TEST_CASE("pacer: after idleness there is no catching up") {
  const double fraction = GENERATE(0.05, 0.25, 0.75, 0.95);
  INFO("duty " << fraction);
  const Duty duty = Duty::from_fraction(fraction);
  Simulation simulation;
  simulation.idle(seconds(10), duty);
  const double busy_before = simulation.busy(), elapsed_before = simulation.elapsed();
  simulation.run(seconds(1), duty);
  // kMaxCredit is spent on top of the duty, and the slice in which it runs out may overshoot.
  const double earned = fraction * (simulation.elapsed() - elapsed_before);
  const double extra = simulation.busy() - busy_before - earned;
  CHECK(extra <= 0.050 + 1e-9);
  CHECK(extra > 0.040);
  // The burst itself: b - fraction * b = 50 ms, and one slice of up to 9 ms.
  CHECK(std::chrono::duration<double>(simulation.longest_burst()).count() <=
        0.050 / (1 - fraction) + 0.009);
}

TEST_CASE("pacer: a duty changed in mid-run is kept on both sides") {
  const auto [first, second] =
      GENERATE(table<double, double>({{0.75, 0.1}, {0.1, 0.75}, {1.0, 0.25}, {0.25, 1.0}}));
  INFO(first << " then " << second);
  Simulation simulation;
  simulation.run(seconds(10), Duty::from_fraction(first));
  const double busy = simulation.busy(), elapsed = simulation.elapsed();
  CHECK(busy / elapsed == Approx(first).epsilon(0.005));
  simulation.run(seconds(10), Duty::from_fraction(second));
  const double later = (simulation.busy() - busy) / (simulation.elapsed() - elapsed);
  CHECK(later == Approx(second).epsilon(0.005));
}

TEST_CASE("pacer: full duty leaves neither credit nor debt") {
  const Duty tenth = Duty::from_fraction(0.1);
  Pacer pacer;
  pacer.start(kBegin);
  // Preempted for half of a minute; or busy, by its own clock, for longer than the minute.
  const seconds busy = GENERATE(seconds(30), seconds(61));
  pacer.account(kBegin + seconds(60), busy, Duty());
  CHECK(pacer.pause(tenth).count() == 0);
  pacer.account(kBegin + seconds(60) + milliseconds(1), milliseconds(1), tenth);
  CHECK(pacer.pause(tenth) == milliseconds(9));
}

TEST_CASE("pacer: start forgets credit and debt") {
  const Duty half = Duty::from_fraction(0.5);
  Simulation simulation;
  simulation.idle(seconds(10), half);
  simulation.restart_after(seconds(0));
  simulation.work(milliseconds(1), half);
  CHECK(simulation.pacer().pause(half) == milliseconds(1));
  simulation.work(seconds(5), half);
  simulation.restart_after(std::chrono::hours(1));
  CHECK(simulation.pacer().pause(half).count() == 0);
  // The parked hour has earned nothing.
  simulation.work(milliseconds(1), half);
  CHECK(simulation.pacer().pause(half) == milliseconds(1));
}

TEST_CASE("pacer: the lowest duty still ends its pauses") {
  // One part per million: 5 ms of work in 5000 s.
  Simulation simulation(milliseconds(5), milliseconds(0));
  simulation.run(seconds(20'000), Duty{1});
  CHECK(simulation.busy() / simulation.elapsed() == Approx(1e-6).epsilon(0.005));
}
