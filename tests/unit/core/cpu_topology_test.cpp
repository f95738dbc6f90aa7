#include "core/cpu_topology.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>

#include "tests/unit/catch.h"

using namespace ebb::core;

namespace {

using Cpus = std::vector<unsigned>;

/// The machine that hwloc is told of while one of these lives.
class OtherMachine {
 public:
  OtherMachine(const char* variable, const std::string& value) : variable_(variable) {
    setenv(variable, value.c_str(), 1);
  }
  ~OtherMachine() { unsetenv(variable_); }
  OtherMachine(const OtherMachine&) = delete;
  OtherMachine& operator=(const OtherMachine&) = delete;

 private:
  const char* variable_;
};

/// The quota is the real machine's, whatever hwloc says: it has no part in these tests.
CpuTopology read_without_quota() {
  CpuTopology topology = read_cpu_topology();
  topology.quota.reset();
  return topology;
}

CpuTopology described(const char* synthetic) {
  const OtherMachine machine("HWLOC_SYNTHETIC", synthetic);
  return read_without_quota();
}

CpuTopology stored(const std::string& name) {
  const OtherMachine machine("HWLOC_XMLFILE", EBB_TEST_DATA "/topologies/" + name);
  return read_without_quota();
}

ThreadPlan plan(const CpuTopology& topology, unsigned threads = 0) {
  return plan_threads(topology, {.threads = threads});
}

CpuTopology four_cores(std::optional<double> quota) {
  return {.cores = {{0, 0, {0}}, {0, 0, {1}}, {0, 0, {2}}, {0, 0, {3}}}, .quota = quota};
}

}  // namespace

TEST_CASE("topology: four plain cores") {
  const CpuTopology topology = described("pack:1 core:4 pu:1");
  REQUIRE(topology.cores.size() == 4);
  CHECK(plan(topology).cpus == Cpus{0, 1, 2, 3});
  CHECK(plan(topology).pinned);
}

TEST_CASE("topology: CPUs of which no core is known are cores") {
  const CpuTopology topology = described("pu:3");
  CHECK(topology.cores.size() == 3);
  CHECK(plan(topology).cpus == Cpus{0, 1, 2});
}

TEST_CASE("topology: packages take turns, and siblings come last") {
  const CpuTopology topology = described("pack:2 core:2 pu:2");
  REQUIRE(topology.cores.size() == 4);
  CHECK(topology.cores[1].cpus == Cpus{2, 3});
  CHECK(topology.cores[1].package != topology.cores[2].package);
  CHECK(plan(topology).cpus == Cpus{0, 4, 2, 6, 1, 5, 3, 7});
}

TEST_CASE("topology: performance cores, then efficiency cores, then siblings") {
  const CpuTopology topology = stored("hybrid.xml");
  CHECK(plan(topology).cpus == Cpus{0, 2, 4, 5, 6, 7, 1, 3});
}

TEST_CASE("topology: big cores before little ones") {
  CHECK(plan(stored("big_little.xml")).cpus == Cpus{4, 5, 0, 1, 2, 3});
}

TEST_CASE("topology: CPUs that the control group hides are not used") {
  const CpuTopology topology = stored("half_hidden.xml");
  CHECK(topology.cores.size() == 4);
  CHECK(plan(topology).cpus == Cpus{4, 5, 2, 3});
  CHECK(plan(topology).pinned);
}

TEST_CASE("topology: CPUs outside the affinity mask are not used") {
  const unsigned last = plan(read_without_quota()).cpus.back();
  CpuTopology topology;
  std::thread([&] {
    CHECK(pin_thread(pthread_self(), last));
    topology = read_without_quota();
  }).join();
  REQUIRE(topology.cores.size() == 1);
  CHECK(topology.cores[0].cpus == Cpus{last});
}

TEST_CASE("topology: fewer threads than CPUs get a core each and are left to the scheduler") {
  const ThreadPlan three = plan(described("pack:1 core:4 pu:2"), 3);
  CHECK(three.cpus == Cpus{0, 2, 4});
  CHECK_FALSE(three.pinned);
}

TEST_CASE("topology: more threads than CPUs begin again") {
  const ThreadPlan six = plan(four_cores({}), 6);
  CHECK(six.cpus == Cpus{0, 1, 2, 3, 0, 1});
  CHECK_FALSE(six.pinned);
}

TEST_CASE("topology: a quota caps the default, rounded up, and leaves the threads unpinned") {
  struct Row {
    double quota;
    std::size_t threads;
    bool pinned;
  };
  const auto row =
      GENERATE(Row{0.01, 1, false}, Row{1, 1, false}, Row{1.5, 2, false}, Row{2, 2, false},
               Row{3.2, 4, false}, Row{4, 4, true}, Row{64, 4, true});
  CAPTURE(row.quota);
  const ThreadPlan capped = plan(four_cores(row.quota));
  CHECK(capped.cpus.size() == row.threads);
  CHECK(capped.pinned == row.pinned);
}

TEST_CASE("topology: threads asked for are given, whatever the quota") {
  const ThreadPlan asked = plan(four_cores(1.0), 4);
  CHECK(asked.cpus.size() == 4);
  CHECK_FALSE(asked.pinned);
}

TEST_CASE("topology: named CPUs are used in their order, and pinned") {
  const ThreadPlan named = plan_threads(four_cores(1.5), {.cpus = {3, 1, 2}});
  CHECK(named.cpus == Cpus{3, 1, 2});
  CHECK(named.pinned);
  CHECK(plan_threads(four_cores({}), {.threads = 3, .cpus = {3, 1}}).cpus == Cpus{3, 1, 3});
}

TEST_CASE("topology: pinning can be forced and forbidden") {
  CHECK(plan_threads(four_cores(1.5), {.threads = 1, .pinning = Pinning::on}).pinned);
  CHECK_FALSE(plan_threads(four_cores({}), {.pinning = Pinning::off}).pinned);
}

TEST_CASE("topology: a pinned thread runs there; an impossible CPU leaves it where it was") {
  const unsigned cpu = plan(read_without_quota()).cpus.back();
  std::thread([&] {
    CHECK(pin_thread(pthread_self(), cpu));
    CHECK(sched_getcpu() == static_cast<int>(cpu));
    CHECK_FALSE(pin_thread(pthread_self(), 60'000));
    CHECK(sched_getcpu() == static_cast<int>(cpu));
  }).join();
}
