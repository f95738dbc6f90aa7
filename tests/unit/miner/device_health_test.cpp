#include "miner/device_health.h"

#include "miner/device_news.h"
#include "tests/unit/catch.h"

using namespace ebb;
using namespace ebb::miner;
using namespace std::chrono_literals;

namespace {

/// The news of two devices as texts, warnings marked with "! ".
struct Watch {
  std::vector<std::string> look() {
    std::vector<std::string> texts;
    for (const DeviceNews::Line& line : news.since_last_look(devices))
      texts.push_back((line.warning ? "! " : "") + line.text);
    return texts;
  }

  const core::DeviceInfo first{"cuda:0", "cuda", 32}, second{"cuda:1", "cuda", 32};
  std::vector<DeviceFigures> devices{{.info = &first}, {.info = &second}};
  DeviceHealth::State& health = devices[1].health;
  DeviceNews news;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("device health: a failure puts aside until the device is back") {
  DeviceHealth health;
  CHECK_FALSE(health.read().quarantined);
  CHECK(health.read().last_failure.empty());
  health.failed("unspecified launch failure", 4s);
  CHECK(health.read().quarantined);
  CHECK(health.read().failures == 1);
  CHECK(health.read().pause == 4s);
  health.recovered();
  CHECK_FALSE(health.read().quarantined);
  CHECK(health.read().failures == 1);
  CHECK(health.read().last_failure == "unspecified launch failure");
}

TEST_CASE("device health: whatever a driver says is one line of bounded length") {
  DeviceHealth health;
  health.failed("", 1s);
  CHECK(health.read().last_failure == "it gave no reason");
  health.failed("a\nb\x1b[2Jc", 1s);
  CHECK(health.read().last_failure == "a b [2Jc");
  health.failed(std::string(100'000, 'x'), 1s);
  CHECK(health.read().last_failure == std::string(200, 'x'));
}

TEST_CASE("device news: which device, why, for how long, and that it is back, each once") {
  Watch watch;
  CHECK(watch.look().empty());
  watch.health = {1, true, "no answer for 2 s", 1s};
  CHECK(watch.look() == Lines{"! cuda:1: no answer for 2 s; put aside for 1 s"});
  CHECK(watch.look().empty());
  watch.health = {2, true, "self-test: wrong hashes", 2s};
  CHECK(watch.look() == Lines{"! cuda:1: self-test: wrong hashes; put aside for 2 s"});
  watch.health.quarantined = false;
  CHECK(watch.look() == Lines{"cuda:1 works again"});
  CHECK(watch.look().empty());
}

TEST_CASE("device news: a device that is left behind is told to stay out") {
  Watch watch;
  watch.devices[1].left_behind = true;
  watch.health = {1, true, "it did not answer the stop", {}};
  CHECK(watch.look() ==
        Lines{"! cuda:1: it did not answer the stop; left behind until ebb starts anew"});
  CHECK(watch.look().empty());
}

TEST_CASE("device news: a failure that is over by the next look is told all the same") {
  Watch watch;
  watch.health = {3, false, "it scanned nothing", 500ms};
  CHECK(watch.look() ==
        Lines{"! cuda:1: it scanned nothing; put aside for 0.5 s", "cuda:1 works again"});
  CHECK(watch.look().empty());
}

TEST_CASE("device news: hardware errors are told when there are more") {
  Watch watch;
  watch.devices[0].hardware_errors = 2;
  CHECK(watch.look() == Lines{"! cuda:0: 2 hardware errors so far: it computes wrong hashes"});
  CHECK(watch.look().empty());
  watch.devices[0].hardware_errors = 3;
  CHECK(watch.look().size() == 1);
}
