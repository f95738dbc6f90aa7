#include "miner/card_monitor.h"

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "tests/unit/catch.h"

using namespace ebb;
using namespace std::chrono_literals;
using cuda::CardReading;
using miner::CardMonitor;
using miner::EnergySum;

namespace {

CardReading power(double watts) {
  CardReading reading;
  reading.watts = watts;
  return reading;
}

CardReading counter(double joules) {
  CardReading reading;
  reading.joules = joules;
  return reading;
}

EnergySum::Clock::time_point at(std::chrono::milliseconds time) {
  return EnergySum::Clock::time_point(100s + time);
}

constexpr CardMonitor::Timing kQuick{.period = 1ms, .patience = 10ms};

/// A meter that blocks, as a card that fell off the bus does, until it is let go.
class Blocking {
 public:
  ~Blocking() { let_go(); }

  CardReading read() {
    std::unique_lock lock(mutex_);
    entered_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return gone_; });
    return power(100);
  }
  void wait_entered() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return entered_; });
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    gone_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool entered_ = false, gone_ = false;
};

}  // namespace

TEST_CASE("energy: counts from the first reading of the card's counter") {
  EnergySum sum;
  CHECK_FALSE(sum.joules());
  sum.add(at(0s), counter(5000));
  CHECK(*sum.joules() == 0);
  sum.add(at(1s), counter(5400));
  sum.add(at(60s), counter(9000));  // whatever the gap
  CHECK(*sum.joules() == Approx(4000));
}

TEST_CASE("energy: is power over time where there is no counter") {
  EnergySum sum;
  sum.add(at(0s), power(400));
  sum.add(at(1s), power(300));
  sum.add(at(1500ms), power(100));
  CHECK(*sum.joules() == Approx(350));
}

TEST_CASE("energy: nobody knows what was drawn in a gap") {
  EnergySum sum;
  sum.add(at(0s), power(100));
  sum.add(at(60s), power(100));
  CHECK(*sum.joules() == Approx(500));
}

TEST_CASE("energy: a reading without the counter is made up for by the next with it") {
  EnergySum sum;
  CardReading both = power(400);
  both.joules = 1000;
  sum.add(at(0s), both);
  sum.add(at(1s), CardReading{});
  CHECK(*sum.joules() == 0);
  sum.add(at(1s), power(400));
  CHECK(*sum.joules() == Approx(400));
  both.joules = 1790;
  sum.add(at(2s), both);
  CHECK(*sum.joules() == Approx(790));
}

TEST_CASE("energy: a counter that begins anew takes nothing away") {
  EnergySum sum;
  sum.add(at(0s), counter(5000));
  sum.add(at(1s), counter(5400));
  sum.add(at(2s), counter(10));
  sum.add(at(3s), counter(310));
  CHECK(*sum.joules() == Approx(700));
}

TEST_CASE("card monitor: tells the latest reading, until it is old") {
  std::atomic<int> readings{0};
  CardMonitor monitor([&] { return power(100 + ++readings); }, kQuick);
  while (readings < 3)
    std::this_thread::yield();
  const auto figures = monitor.latest(CardMonitor::Clock::now());
  CHECK(*figures.reading.watts >= 102);
  CHECK(*figures.joules > 0);
  CHECK_FALSE(monitor.latest(CardMonitor::Clock::now() + CardMonitor::kFresh).reading.watts);
}

TEST_CASE("card monitor: energy goes on between readings, but not for ever") {
  std::atomic<bool> read = false;
  CardMonitor monitor(
      [&] {
        read = true;
        return power(100);
      },
      {.period = 1h, .patience = 10s});
  while (!read || !monitor.latest(CardMonitor::Clock::now()).joules)
    std::this_thread::yield();
  const auto now = CardMonitor::Clock::now();
  const auto joules = [&](auto later) { return *monitor.latest(now + later).joules; };
  CHECK(joules(1s) - joules(0s) == Approx(100));
  CHECK(joules(2h) == joules(1h));
}

TEST_CASE("card monitor: no reading comes after stop") {
  std::atomic<int> readings{0};
  {
    CardMonitor monitor([&] { return power(++readings); }, {.period = 1h, .patience = 10s});
    while (readings == 0)
      std::this_thread::yield();
    monitor.stop();
  }
  CHECK(readings == 1);
}

TEST_CASE("card monitor: a meter that blocks holds up nobody") {
  const auto meter = std::make_shared<Blocking>();
  {
    CardMonitor monitor([meter] { return meter->read(); }, kQuick);
    meter->wait_entered();
    CHECK_FALSE(monitor.latest(CardMonitor::Clock::now()).reading.watts);
  }
  meter->let_go();  // the thread left behind ends by itself
  while (meter.use_count() > 1)
    std::this_thread::yield();
}
