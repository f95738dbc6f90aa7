#include "core/duty.h"

#include <limits>
#include <optional>
#include <thread>
#include <type_traits>

#include "tests/unit/catch.h"

using namespace ebb::core;

namespace {

/// Far enough that only a lost wake-up gets there.
Gate::Clock::time_point far_away() {
  return Gate::Clock::now() + std::chrono::seconds(30);
}

}  // namespace

TEST_CASE("duty: fractions become parts per million") {
  CHECK(Duty::from_fraction(0).ppm == 0u);
  CHECK(Duty::from_fraction(1).ppm == 1'000'000u);
  CHECK(Duty::from_fraction(0.25).ppm == 250'000u);
  CHECK(Duty::from_fraction(0.05).ppm == 50'000u);
  CHECK(Duty::from_fraction(0.29).ppm == 290'000u);  // 0.29 is a little less than 29/100
  CHECK(Duty::from_fraction(1e-6).ppm == 1u);
  CHECK(Duty::from_fraction(0.6e-6).ppm == 1u);
  CHECK(Duty::from_fraction(0.4e-6).ppm == 0u);
  CHECK(Duty::from_fraction(0.9999996).ppm == 1'000'000u);
  CHECK(Duty::from_fraction(0.9999994).ppm == 999'999u);
  CHECK(Duty().ppm == 1'000'000u);
  CHECK(Duty::from_fraction(0.75).fraction() == 0.75);
  CHECK(Duty::from_fraction(0.1) < Duty::from_fraction(0.2));
}

TEST_CASE("duty: what is out of range is bounded") {
  using Limits = std::numeric_limits<double>;
  CHECK(Duty::from_fraction(-0.1).ppm == 0u);
  CHECK(Duty::from_fraction(-1e300).ppm == 0u);
  CHECK(Duty::from_fraction(-Limits::infinity()).ppm == 0u);
  CHECK(Duty::from_fraction(1.5).ppm == 1'000'000u);
  CHECK(Duty::from_fraction(1e300).ppm == 1'000'000u);
  CHECK(Duty::from_fraction(Limits::infinity()).ppm == 1'000'000u);
  CHECK(Duty::from_fraction(Limits::quiet_NaN()).ppm == 0u);  // park rather than guess
}

TEST_CASE("duty: one writer, any number of readers") {
  static_assert(!std::is_copy_constructible_v<DutyWriter>);
  static_assert(!std::is_copy_assignable_v<DutyWriter>);
  static_assert(std::is_nothrow_move_constructible_v<DutyWriter>);
  static_assert(std::is_copy_constructible_v<DutyReader>);

  DutyWriter writer(Duty{300'000}, std::make_shared<Gate>());
  const DutyReader reader = writer.reader();
  const DutyReader copy(writer.reader());
  CHECK(reader.load().ppm == 300'000u);
  writer.store(Duty{0});
  CHECK(reader.load().ppm == 0u);
  CHECK(copy.load().ppm == 0u);
  CHECK(writer.load().ppm == 0u);
  DutyWriter moved = std::move(writer);
  moved.store(Duty{7});
  CHECK(reader.load().ppm == 7u);
  CHECK(moved.reader().load().ppm == 7u);
}

TEST_CASE("duty: a reader outlives its writer") {
  std::optional<DutyWriter> writer(std::in_place, Duty{5}, std::make_shared<Gate>());
  const DutyReader reader = writer->reader();
  writer->store(Duty{6});
  writer.reset();
  CHECK(reader.load().ppm == 6u);
}

TEST_CASE("duty: a reader in another thread sees values in the order written") {
  constexpr std::uint32_t kLast = 20'000;
  DutyWriter writer(Duty{0}, std::make_shared<Gate>());
  bool ordered = true;
  std::thread watcher([reader = writer.reader(), &ordered] {
    for (std::uint32_t seen = 0; seen < kLast;) {
      const std::uint32_t now = reader.load().ppm;
      if (now < seen) ordered = false;
      seen = now;
    }
  });
  for (std::uint32_t ppm = 1; ppm <= kLast; ++ppm)
    writer.store(Duty{ppm});
  watcher.join();
  CHECK(ordered);
}

TEST_CASE("duty: a change wakes the gate") {
  auto gate = std::make_shared<Gate>();
  DutyWriter writer(Duty{0}, gate);
  writer.store(Duty{1});
  const auto deadline = far_away();
  gate->wait_until({}, deadline);
  CHECK(Gate::Clock::now() < deadline);
}

TEST_CASE("duty: a change wakes a parked worker") {
  auto gate = std::make_shared<Gate>();
  DutyWriter writer(Duty{0}, gate);
  std::uint32_t seen = 0;
  bool woken = true;
  std::thread worker([&, reader = writer.reader()] {
    const auto deadline = far_away();
    while (reader.load().ppm == 0 && woken) {
      gate->wait_until({}, deadline);
      woken = Gate::Clock::now() < deadline;
    }
    seen = reader.load().ppm;
  });
  writer.store(Duty{250'000});
  worker.join();
  CHECK(woken);
  CHECK(seen == 250'000u);
}

TEST_CASE("gate: a wake before the wait counts, once") {
  Gate gate;
  gate.wake();
  gate.wake();
  const auto deadline = far_away();
  gate.wait_until({}, deadline);
  CHECK(Gate::Clock::now() < deadline);

  const auto soon = Gate::Clock::now() + std::chrono::milliseconds(1);
  gate.wait_until({}, soon);
  CHECK(Gate::Clock::now() >= soon);
}

TEST_CASE("gate: a deadline in the past does not wait") {
  Gate gate;
  gate.wait_until({}, Gate::Clock::now());
  gate.wait_until({}, Gate::Clock::now() - std::chrono::hours(1));
  // Neither left a wake-up behind.
  const auto soon = Gate::Clock::now() + std::chrono::milliseconds(1);
  gate.wait_until({}, soon);
  CHECK(Gate::Clock::now() >= soon);
}

TEST_CASE("gate: a stop request ends every wait") {
  Gate gate;
  std::stop_source stop;
  const auto deadline = far_away();
  bool in_time = false;
  std::thread timed([&] {
    gate.wait_until(stop.get_token(), deadline);
    in_time = Gate::Clock::now() < deadline;
  });
  stop.request_stop();
  timed.join();
  CHECK(in_time);
  // Requested already: neither waits at all.
  gate.wait(stop.get_token());
  gate.wait_until(stop.get_token(), deadline);
  CHECK(Gate::Clock::now() < deadline);
}

TEST_CASE("gate: every wake is told to the observer, until there is none") {
  auto gate = std::make_shared<Gate>();
  int told = 0;
  gate->wake();
  gate->on_wake([&] { ++told; });
  CHECK(told == 0);
  gate->wake();
  gate->wake();  // nobody waits, and still
  CHECK(told == 2);
  DutyWriter writer(Duty{0}, gate);
  writer.store(Duty{1});
  CHECK(told == 3);
  writer.store(Duty{1});  // no change
  CHECK(told == 3);
  gate->on_wake(nullptr);
  gate->wake();
  CHECK(told == 3);
}

TEST_CASE("gate: an observer taken away is not running any more") {
  Gate gate;
  std::atomic<bool> done = false;
  std::thread waker([&] {
    while (!done)
      gate.wake();
  });
  std::uint64_t told = 0;
  for (int i = 0; i < 1000; ++i) {
    auto target = std::make_unique<std::uint64_t>(0);  // what an observer too many would write to
    gate.on_wake([seen = target.get()] { ++*seen; });
    gate.wake();
    gate.on_wake(nullptr);
    told += *target;
  }
  done = true;
  waker.join();
  CHECK(told >= 1000);
}

TEST_CASE("gate: hand-over between two threads loses no wake-up") {
  // Each waits for the other 2000 times; a lost wake-up would end at the deadline.
  constexpr int kTurns = 2000;
  Gate ping, pong;
  const auto deadline = far_away();
  std::atomic<int> turn = 0;
  std::thread other([&] {
    for (int i = 0; i < kTurns; ++i) {
      while (turn.load() != 2 * i + 1 && Gate::Clock::now() < deadline)
        ping.wait_until({}, deadline);
      turn = 2 * i + 2;
      pong.wake();
    }
  });
  for (int i = 0; i < kTurns; ++i) {
    turn = 2 * i + 1;
    ping.wake();
    while (turn.load() != 2 * i + 2 && Gate::Clock::now() < deadline)
      pong.wait_until({}, deadline);
  }
  other.join();
  CHECK(Gate::Clock::now() < deadline);
}
