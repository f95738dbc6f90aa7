#include "core/cpu_topology.h"

#include <hwloc.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <compare>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

#include "core/cpu_quota.h"

namespace ebb::core {
namespace {

/// A CPU, by what makes it a better place for one more thread than another.
struct Place {
  std::size_t sibling;  ///< 0: the first of its core
  int slowness;
  unsigned turn;  ///< of its core among its package's cores of the same kind
  unsigned package;
  unsigned cpu;
  friend auto operator<=>(const Place&, const Place&) = default;
};

std::vector<unsigned> best_first(const CpuTopology& topology) {
  std::vector<Place> places;
  std::map<std::pair<unsigned, int>, unsigned> turns;
  for (const CpuCore& core : topology.cores) {
    const unsigned turn = turns[{core.package, core.speed}]++;
    for (std::size_t sibling = 0; sibling < core.cpus.size(); ++sibling) {
      places.push_back({sibling, -core.speed, turn, core.package, core.cpus[sibling]});
    }
  }
  std::sort(places.begin(), places.end());
  std::vector<unsigned> cpus(places.size());
  std::ranges::transform(places, cpus.begin(), &Place::cpu);
  return cpus;
}

struct DestroyTopology {
  void operator()(hwloc_topology_t topology) const { hwloc_topology_destroy(topology); }
};
using Topology = std::unique_ptr<hwloc_topology, DestroyTopology>;

struct FreeBitmap {
  void operator()(hwloc_bitmap_t bitmap) const { hwloc_bitmap_free(bitmap); }
};
using Bitmap = std::unique_ptr<hwloc_bitmap_s, FreeBitmap>;

Topology load_topology() {
  hwloc_topology_t topology = nullptr;
  if (hwloc_topology_init(&topology) != 0) return nullptr;
  Topology owned(topology);
  return hwloc_topology_load(topology) == 0 ? std::move(owned) : nullptr;
}

/// The CPUs that the calling thread may run on; hwloc's own list only knows of the control groups.
Bitmap affinity_mask(hwloc_topology_t topology) {
  Bitmap mask(hwloc_bitmap_alloc_full());
  if (hwloc_topology_is_thissystem(topology)) {
    hwloc_get_cpubind(topology, mask.get(), HWLOC_CPUBIND_THREAD);
  }
  return mask;
}

int speed_of(hwloc_topology_t topology, hwloc_obj_t pu) {
  const int kind = hwloc_cpukinds_get_by_cpuset(topology, pu->cpuset, 0);
  int efficiency = -1;
  if (kind >= 0) {
    hwloc_cpukinds_get_info(topology, static_cast<unsigned>(kind), nullptr, &efficiency, nullptr,
                            nullptr, 0);
  }
  return std::max(efficiency, 0);  // -1: hwloc cannot rank the kinds
}

/// The physical core, or the CPU itself where the system tells of none.
hwloc_obj_t core_of(hwloc_topology_t topology, hwloc_obj_t pu) {
  const hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, pu);
  return core ? core : pu;
}

unsigned package_of(hwloc_topology_t topology, hwloc_obj_t pu) {
  const hwloc_obj_t package = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_PACKAGE, pu);
  return package ? package->logical_index : 0;
}

}  // namespace

ThreadPlan plan_threads(const CpuTopology& topology, const ThreadRequest& request) {
  const std::vector<unsigned> usable = best_first(topology);
  const bool named = !request.cpus.empty();
  const std::vector<unsigned>& places = named ? request.cpus : usable;
  const double quota = topology.quota.value_or(static_cast<double>(usable.size()));

  std::size_t threads = request.threads;
  if (threads == 0) {
    // Up: a thread more than the quota pays for costs pauses, a thread less costs hashes.
    const double paid = std::max(std::ceil(quota), 1.0);
    threads = named || paid >= static_cast<double>(places.size()) ? places.size()
                                                                  : static_cast<std::size_t>(paid);
  }

  ThreadPlan plan;
  for (std::size_t i = 0; i < threads; ++i)
    plan.cpus.push_back(places[i % places.size()]);
  // With CPUs to spare the scheduler does better: two programs that both count from the first CPU
  // would share it while others idle. Under a quota CPUs are shared by intent.
  const bool has_all = threads == usable.size() && quota >= static_cast<double>(usable.size());
  plan.pinned = request.pinning == Pinning::on ||
                (request.pinning == Pinning::automatic && (named || has_all));
  return plan;
}

CpuTopology read_cpu_topology() {
  const Topology owned = load_topology();
  if (!owned) throw std::runtime_error("cannot read the CPU topology");
  const hwloc_topology_t topology = owned.get();
  const Bitmap allowed = affinity_mask(topology);

  CpuTopology usable{.cores = {}, .quota = read_cpu_quota()};
  hwloc_obj_t last_core = nullptr;
  for (hwloc_obj_t pu = nullptr; (pu = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, pu));) {
    if (!hwloc_bitmap_isset(allowed.get(), pu->os_index)) continue;
    // Siblings follow each other.
    const hwloc_obj_t core = core_of(topology, pu);
    if (std::exchange(last_core, core) != core) {
      usable.cores.push_back({package_of(topology, pu), speed_of(topology, pu), {}});
    }
    usable.cores.back().cpus.push_back(pu->os_index);
  }
  if (usable.cores.empty())
    throw std::runtime_error("cannot read the CPU topology: no CPU is left");
  return usable;
}

bool pin_thread(std::thread::native_handle_type thread, unsigned cpu) {
  // Machines have more CPUs than the 1024 of a cpu_set_t.
  const std::size_t size = CPU_ALLOC_SIZE(cpu + 1);
  const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(
      CPU_ALLOC(cpu + 1), [](cpu_set_t* allocated) { CPU_FREE(allocated); });
  CPU_ZERO_S(size, set.get());
  CPU_SET_S(cpu, size, set.get());
  return pthread_setaffinity_np(thread, size, set.get()) == 0;
}

}  // namespace ebb::core
