#include "sources/polling_source.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/unit/catch.h"

using namespace ebb::sources;
using namespace std::chrono;
using ebb::throttle::Now;
using ebb::throttle::WallTime;

namespace {

/// Keeps what it gets, and waits for it.
class KeptPort final : public Port {
 public:
  void send(std::vector<Update> updates) override {
    keep([&] { sent += updates.size(); });
  }
  void show(Health shown) override {
    keep([&] { health.push_back(std::move(shown)); });
  }
  void warn(std::string) override {}

  /// Until so many were shown, or too long.
  bool until_shown(std::size_t number) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 10s, [&] { return health.size() >= number; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::size_t sent = 0;
  std::vector<Health> health;

 private:
  template <class Change>
  void keep(Change change) {
    const std::lock_guard lock(mutex);
    change();
    changed.notify_all();
  }
};

/// Counts its askings.
class Counter final : public Poll {
 public:
  explicit Counter(milliseconds again, std::size_t updates = 1)
      : again_(again), updates_(updates) {}
  Answer ask(const Now& now, const std::stop_token&) override {
    Answer answer;
    answer.updates.resize(updates_, StillThere{});
    answer.health.last =
        std::to_string(++asked_) + " at " + std::to_string(now.wall.time_since_epoch().count());
    answer.again = again_;
    return answer;
  }

 private:
  milliseconds again_;
  std::size_t updates_;
  int asked_ = 0;
};

/// Hangs until it is stopped.
class Hanging final : public Poll {
 public:
  Answer ask(const Now&, const std::stop_token& stop) override {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any stopped;
    stopped.wait_for(lock, stop, 60s, [] { return false; });
    return {{StillThere{}}, {}, 1ms};
  }
};

Now at_seven() {
  return {{}, WallTime(7ms), true};
}

}  // namespace

TEST_CASE("polling: asks again and again, by the given clock, and stops") {
  KeptPort port;
  PollingSource source(std::make_unique<Counter>(1ms), at_seven);
  source.start(port);
  REQUIRE(port.until_shown(3));
  source.stop();
  const std::size_t shown = port.health.size();
  CHECK(port.sent == shown);
  CHECK(port.health[0].last == "1 at 7");
  CHECK(port.health[2].last == "3 at 7");
  std::this_thread::yield();
  CHECK(port.health.size() == shown);
  source.stop();  // once more is harmless
}

TEST_CASE("polling: nothing is sent when there is nothing to say") {
  KeptPort port;
  PollingSource source(std::make_unique<Counter>(1ms, 0), at_seven);
  source.start(port);
  REQUIRE(port.until_shown(2));
  source.stop();
  CHECK(port.sent == 0);
}

TEST_CASE("polling: a long wait ends by a stop, and by a hint that there is news") {
  KeptPort port;
  PollingSource source(std::make_unique<Counter>(1h), at_seven);
  source.start(port);
  REQUIRE(port.until_shown(1));
  source.hurry();
  REQUIRE(port.until_shown(2));
  const auto begin = steady_clock::now();
  source.stop();
  CHECK(steady_clock::now() - begin < 5s);
  CHECK(port.health.size() == 2);
}

TEST_CASE("polling: what a stopped poll gives is not sent") {
  KeptPort port;
  PollingSource source(std::make_unique<Hanging>(), at_seven);
  source.start(port);
  const auto begin = steady_clock::now();
  source.stop();
  CHECK(steady_clock::now() - begin < 5s);
  CHECK(port.sent == 0);
  CHECK(port.health.empty());
}

TEST_CASE("polling: telemetry goes to who wants it") {
  PollingSource source(std::make_unique<Counter>(1h), at_seven);
  source.tell({});  // nobody does
  double hps = 0;
  source.on_telemetry([&](const Telemetry& telemetry) { hps = telemetry.hps; });
  Telemetry telemetry;
  telemetry.hps = 5;
  source.tell(telemetry);
  CHECK(hps == 5);
}
