#pragma once
// The CPUs this process may hash on, and which threads go where.

#include <optional>
#include <thread>
#include <vector>

namespace ebb::core {

/// A physical core, as far as this process may use it.
struct CpuCore {
  unsigned package = 0;
  int speed = 0;  ///< ranks the kinds of a hybrid CPU's cores: the fastest is the highest
  std::vector<unsigned> cpus;  ///< the system's numbers of its hardware threads, one or more
};

struct CpuTopology {
  std::vector<CpuCore> cores;   ///< one or more
  std::optional<double> quota;  ///< CPUs' worth of time the control groups allow
};

enum class Pinning {
  automatic,  ///< when every CPU gets one thread, or the CPUs were named
  on,
  off,
};

struct ThreadRequest {
  unsigned threads = 0;  ///< 0: as many as the machine is good for, or one for each named CPU
  std::vector<unsigned> cpus = {};  ///< the CPUs to use, in this order; empty: the topology's
  Pinning pinning = Pinning::automatic;
};

struct ThreadPlan {
  std::vector<unsigned> cpus;  ///< one entry a thread; CPUs come again when there are more threads
  bool pinned = false;         ///< otherwise the scheduler places the threads
};

/// Without a request one thread for each CPU, but no more than the quota rounded up. The first
/// threads get a core each, fast ones first and packages in turn, before siblings share cores.
ThreadPlan plan_threads(const CpuTopology& topology, const ThreadRequest& request);

/// What the affinity mask of the calling thread and the control groups leave of this machine, by
/// hwloc (which the variables HWLOC_XMLFILE and HWLOC_SYNTHETIC can tell of another one). A few
/// milliseconds. Throws std::runtime_error when the machine cannot be read.
CpuTopology read_cpu_topology();

/// False when the system refuses, or has no such CPU; the thread then stays where it was.
bool pin_thread(std::thread::native_handle_type thread, unsigned cpu);

}  // namespace ebb::core
