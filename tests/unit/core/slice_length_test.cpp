#include "core/slice_length.h"

#include "core/pacer.h"
#include "tests/unit/catch.h"

using namespace ebb::core;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

constexpr SliceTimes kCpu{};
constexpr SliceTimes kCard{.full = 200ms, .paced = 10ms, .least = 1ms};

Duty percent(unsigned value) {
  return Duty{value * 10'000};
}

/// A device of constant speed, without a pause between its slices.
struct FakeDevice {
  nanoseconds slice(Duty duty) {
    const auto nonces = length.next(duty);
    const nanoseconds busy(static_cast<nanoseconds::rep>(static_cast<double>(nonces) / per_ns));
    length.took(busy);
    return busy;
  }
  nanoseconds settled(Duty duty) {
    for (int i = 0; i < 60; ++i)
      slice(duty);
    return slice(duty);
  }

  SliceLength length;
  double per_ns = 1;
};

double seconds_of(nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

TEST_CASE("slice length: begins small and doubles until it is as long as it should be") {
  SliceLength length(kCard);
  std::uint64_t nonces = length.next(Duty());
  CHECK(nonces == 256);
  while (nonces < 100'000'000) {  // 0.1 s at 1 GH/s
    length.took(nanoseconds(nonces));
    REQUIRE(length.next(Duty()) == 2 * nonces);
    nonces = length.next(Duty());
  }
  length.took(nanoseconds(nonces));
  CHECK(length.next(Duty()) == Approx(200e6).epsilon(1e-6));
}

TEST_CASE("slice length: one at full duty, another below, none under the least") {
  const auto [ppm, card, cpu] = GENERATE(table<unsigned, double, double>({{1'000'000, 0.2, 0.005},
                                                                          {999'999, 0.01, 0.005},
                                                                          {500'000, 0.01, 0.005},
                                                                          {50'000, 0.01, 0.005},
                                                                          {25'000, 0.005, 0.0025},
                                                                          {5'000, 0.001, 0.0005},
                                                                          {1'000, 0.001, 0.0001},
                                                                          {1, 0.001, 0.00005}}));
  INFO(ppm << " ppm");
  CHECK(seconds_of(FakeDevice{SliceLength(kCard), 5}.settled(Duty{ppm})) ==
        Approx(card).epsilon(0.001));
  CHECK(seconds_of(FakeDevice{SliceLength(kCpu), 0.1}.settled(Duty{ppm})) ==
        Approx(cpu).epsilon(0.01));
}

TEST_CASE("slice length: a throttled device has short slices at once, and long ones by doubling") {
  FakeDevice card{SliceLength(kCard)};
  card.settled(Duty());
  CHECK(seconds_of(card.slice(percent(50))) == Approx(0.01).epsilon(0.001));
  CHECK(seconds_of(card.slice(Duty())) == Approx(0.01).epsilon(0.001));
  CHECK(seconds_of(card.slice(Duty())) == Approx(0.02).epsilon(0.001));
  CHECK(seconds_of(card.slice(Duty())) == Approx(0.04).epsilon(0.001));
}

TEST_CASE("slice length: what was not scanned to its end changes nothing") {
  FakeDevice card{SliceLength(kCard)};
  card.settled(Duty());
  const auto nonces = card.length.next(Duty());
  CHECK(card.length.next(Duty()) == nonces);  // no took(): the scan was interrupted
}

TEST_CASE("slice length: changes by a factor of two at most, whatever is measured") {
  SliceLength length(kCpu);
  CHECK(length.next(Duty()) == 256);
  length.took(0ns);  // a clock too coarse
  CHECK(length.next(Duty()) == 512);
  length.took(10s);
  CHECK(length.next(Duty()) == 256);
  for (int i = 0; i < 10; ++i)
    length.took(10s);
  CHECK(length.next(Duty()) == 64);
}

TEST_CASE("slice length: a card from full duty to a low one holds it from the first second") {
  // The worker's loop in faked time, with scans that an interrupt ends at once. The busy time that
  // a card measures is a little more than what passes on our clock.
  const double duty = GENERATE(0.75, 0.5, 0.25, 0.05, 0.01);
  INFO("duty " << duty);
  const Duty low = Duty::from_fraction(duty);
  FakeDevice card{SliceLength(kCard), 10};
  Pacer pacer;
  Pacer::Clock::time_point now{};
  pacer.start(now);
  nanoseconds at_full{0};
  while (at_full < 10s) {
    const nanoseconds busy = card.slice(Duty());
    now += busy * 9 / 10;
    pacer.account(now, busy, Duty());
    at_full += busy;
  }
  // The change comes 150 ms into a slice of 200.
  now += 150ms;
  pacer.account(now, 160ms, Duty());

  const auto changed_at = now;
  nanoseconds busy{0}, last{0};
  for (nanoseconds span : {1s, 10s}) {
    while (now - changed_at < span) {
      pacer.account(now, last, low);
      last = {};
      if (const auto pause = pacer.pause(low); pause.count() > 0) {
        now += pause;
        continue;
      }
      last = card.slice(low);
      busy += last;
      now += last;
    }
    // Off by a slice at most.
    CHECK(std::abs(seconds_of(busy) - duty * seconds_of(now - changed_at)) <= 0.011);
  }
}
