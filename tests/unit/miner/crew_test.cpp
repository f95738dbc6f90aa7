#include "miner/crew.h"

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "core/cache_line.h"
#include "core/cpu_device.h"
#include "core/cpu_topology.h"
#include "tests/unit/catch.h"
#include "tests/unit/miner/blocking_device.h"

using namespace ebb;
using namespace ebb::miner;
using namespace std::chrono_literals;
using ebb::test::BlockingDevice;
using ebb::test::DriverLock;

// Neighbours on the heap: what has a line's alignment has its lines to itself.
static_assert(alignof(Worker) >= core::kCacheLine);
static_assert(alignof(WorkerCounters) >= core::kCacheLine);
static_assert(alignof(core::Gate) >= core::kCacheLine);
static_assert(alignof(JobBoard) >= core::kCacheLine);

namespace {

OpenedDevice open_device(std::optional<unsigned> cpu) {
  return {core::make_cpu_device("cpu", core::compiled_backends().back()), cpu};
}

}  // namespace

TEST_CASE("crew: a CPU device has its cache lines to itself") {
  const OpenedDevice device = open_device({});
  CHECK(reinterpret_cast<std::uintptr_t>(device.device.get()) % core::kCacheLine == 0);
}

TEST_CASE("crew: a thread that cannot be pinned is counted and works all the same") {
  const unsigned usable = core::read_cpu_topology().cores.front().cpus.front();
  std::vector<OpenedDevice> devices;
  for (const std::optional<unsigned> cpu : {std::optional<unsigned>{usable}, {60'000u}, {}})
    devices.push_back(open_device(cpu));
  Crew crew(std::move(devices), [](std::vector<core::Share>&) { return true; });
  CHECK(crew.start() == 1);
  CHECK(crew.stop().empty());
}

TEST_CASE("crew: one that was never started stops at once") {
  std::vector<OpenedDevice> devices;
  devices.push_back(open_device({}));
  Crew crew(std::move(devices), [](std::vector<core::Share>&) { return true; });
  CHECK(crew.stop(1h).empty());
}

TEST_CASE("crew: a hung device is left behind, with all it needs, and the others are not") {
  auto driver = std::make_shared<DriverLock>();
  std::atomic<bool> receiver_gone = false;
  std::atomic<int> too_late = 0;
  {
    std::vector<OpenedDevice> devices;
    devices.push_back(open_device({}));
    devices.push_back({std::make_unique<BlockingDevice>("cuda:1", driver), {}});
    devices.push_back({std::make_unique<BlockingDevice>("cuda:2", driver), {}});
    Crew crew(std::move(devices), [&](std::vector<core::Share>&) {
      if (receiver_gone) ++too_late;
      return true;
    });
    auto duties = crew.take_duty_writers();
    crew.start();
    for (core::DutyWriter& duty : duties)
      duty.store(core::Duty{});
    crew.board().publish(test::easy_job());
    REQUIRE(driver->wait_for_entries(2));

    const auto began = std::chrono::steady_clock::now();
    CHECK(crew.stop(100ms) == std::vector<std::string>{"cuda:1", "cuda:2"});
    CHECK(std::chrono::steady_clock::now() - began >= 100ms);
    const auto figures = crew.figures();
    CHECK(figures.at(0).health.failures == 0);
    CHECK(figures.at(1).health.last_failure == "it did not answer the stop");
    CHECK(crew.stop(1h).empty());  // asked once, left once
    receiver_gone = true;
  }
  CHECK(driver->devices() == 2);  // the crew is gone, and they still use them
  driver->open();
  CHECK(driver->wait_until_all_devices_are_gone());
  CHECK(too_late == 0);  // each came back with a share that nobody is there for
}

TEST_CASE("crew: while a device is put aside the others mine on") {
  auto driver = std::make_shared<DriverLock>();
  driver->open();
  driver->fail();
  std::vector<OpenedDevice> devices;
  devices.push_back({std::make_unique<BlockingDevice>("cuda:0", driver), {}});
  devices.push_back(open_device({}));
  Crew crew(std::move(devices), [](std::vector<core::Share>&) { return true; });
  auto duties = crew.take_duty_writers();
  crew.start();
  for (core::DutyWriter& duty : duties)
    duty.store(core::Duty{});
  crew.board().publish(test::easy_job());
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  const auto figures_of = [&](std::size_t i) { return crew.figures().at(i); };
  while (!figures_of(0).health.quarantined && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  const std::uint64_t hashes = figures_of(1).work.hashes;
  while (figures_of(1).work.hashes <= hashes && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(figures_of(0).health.last_failure == "the driver said no");
  CHECK(figures_of(0).work.hashes == 0);
  CHECK(figures_of(1).work.hashes > hashes);
  CHECK(crew.stop().empty());
}
