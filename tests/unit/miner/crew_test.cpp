#include "miner/crew.h"

#include "core/cache_line.h"
#include "core/cpu_device.h"
#include "core/cpu_topology.h"
#include "tests/unit/catch.h"

using namespace ebb;
using namespace ebb::miner;

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
  crew.stop();
}
