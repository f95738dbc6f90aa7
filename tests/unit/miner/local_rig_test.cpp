#include "miner/local_rig.h"

#include "core/backend.h"
#include "core/cpu_device.h"
#include "tests/unit/catch.h"

using namespace ebb;
using namespace ebb::miner;
using namespace std::chrono_literals;

namespace {

std::vector<OpenedDevice> two_threads() {
  std::vector<OpenedDevice> devices;
  for (const char* name : {"cpu0", "cpu1"})
    devices.push_back({core::make_cpu_device(name, core::compiled_backends().back()), {}});
  return devices;
}

std::uint64_t hashes(const LocalRig& rig, std::size_t device) {
  return rig.figures().at(device).work.hashes;
}

// Both wait for as long as it takes: what never comes fails by the test's time limit.

void await_work(const LocalRig& rig, std::size_t device) {
  const std::uint64_t before = hashes(rig, device);
  while (hashes(rig, device) == before)
    std::this_thread::sleep_for(1ms);
}

void await_rest(const LocalRig& rig) {
  for (std::uint64_t before = ~std::uint64_t{0};;) {
    const std::uint64_t now = hashes(rig, 0) + hashes(rig, 1);
    if (now == before) return;
    before = now;
    std::this_thread::sleep_for(50ms);
  }
}

}  // namespace

TEST_CASE("local rig: begins parked, works when it may, and rests again") {
  LocalRig rig(two_threads());
  std::this_thread::sleep_for(20ms);
  CHECK(hashes(rig, 0) + hashes(rig, 1) == 0);
  for (int i = 0; i < 2; ++i) {
    rig.set_limit({});
    await_work(rig, 0);
    await_work(rig, 1);
    rig.set_limit({.fraction = 0, .watts = {}, .hps = {}});
    CHECK(rig.figures()[0].duty == core::Duty{0});
    await_rest(rig);
  }
}

TEST_CASE("local rig: a limit in between is whole devices and one paced") {
  LocalRig rig(two_threads());
  rig.set_limit({.fraction = 0.25, .watts = {}, .hps = {}});
  CHECK(rig.figures()[1].duty == core::Duty{0});
  await_work(rig, 0);
  CHECK(hashes(rig, 1) == 0);
}
