#include <algorithm>
#include <cmath>

#include "tests/unit/catch.h"
#include "tests/unit/throttle/simulated_rig.h"

using namespace ebb;
using namespace ebb::test;
using throttle::Limit;

namespace {

std::vector<RigDevice> rig_of(const std::string& kind) {
  if (kind == "uneven CPUs") return {{35e6}, {30e6}, {20e6}, {4e6}};
  if (kind == "a card and CPUs") return {{300e6, true}, {35e6}, {30e6}, {4e6}};
  if (kind == "two cards") return {{300e6, true}, {200e6, true}};
  if (kind == "cores of two threads") {
    return {{20e6, false, 2}, {20e6, false, 3}, {20e6, false, 0}, {20e6, false, 1}};
  }
  return {{30e6}};
}

/// The largest difference from `wanted` a second of any 10 s that begin in the next `duration`, as
/// a share of full work. `sum`: what grows by it.
double worst_error(SimulatedRig& rig, double (SimulatedRig::*sum)() const, double wanted,
                   std::chrono::seconds duration, double full) {
  constexpr auto kLook = 100ms;
  constexpr std::size_t kWindow = 10s / kLook;
  std::vector<double> done{(rig.*sum)()};
  for (auto t = 0ms; t < duration + 10s; t += kLook) {
    rig.run(kLook);
    done.push_back((rig.*sum)());
  }
  double worst = 0;
  for (std::size_t i = kWindow; i < done.size(); ++i)
    worst = std::max(worst, std::abs((done[i] - done[i - kWindow]) / 10 - wanted) / full);
  return worst;
}

}  // namespace

TEST_CASE("rig: caps hold within 1 % of full work over any 10 s, in both units") {
  const std::string kind =
      GENERATE("uneven CPUs", "a card and CPUs", "two cards", "cores of two threads", "one CPU");
  const double share = GENERATE(0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.95);
  const bool by_hashrate = GENERATE(false, true);
  SimulatedRig rig(rig_of(kind), 7);
  const double full = rig.full_hps();
  rig.run(3s);
  Limit limit;
  if (by_hashrate) {
    limit.hps = share * full;
  } else {
    limit.fraction = share;
  }
  rig.controller().set_limit(limit);
  rig.run(2s);
  INFO(kind << " " << share << (by_hashrate ? " by H/s" : " of full work"));
  const auto sum = by_hashrate ? &SimulatedRig::done : &SimulatedRig::work;
  CHECK(worst_error(rig, sum, share * full, 20s, full) < 0.01);
}

TEST_CASE("rig: devices that change their speed stay within a cap in H/s") {
  const std::string kind = GENERATE("uneven CPUs", "a card and CPUs", "cores of two threads");
  const double share = GENERATE(0.05, 0.5, 0.75);
  SimulatedRig rig(rig_of(kind), 11);
  const double full = rig.full_hps();
  rig.run(3s);
  Limit limit;
  limit.hps = share * full;
  rig.controller().set_limit(limit);
  rig.run(2s);
  for (const double factor : {0.85, 1.15, 1.1, 0.9}) {
    rig.change_speed(factor);
    INFO(kind << " " << share << " after a change by " << factor);
    CHECK(worst_error(rig, &SimulatedRig::done, share * full, 5s, full) < 0.01);
  }
}

TEST_CASE("rig: released, all is at full work at once") {
  SimulatedRig rig(rig_of("a card and CPUs"), 3);
  rig.run(3s);
  rig.controller().set_limit({.fraction = 0, .watts = {}, .hps = {}});
  rig.run(10s);
  const double before = rig.done();
  rig.run(1s);
  CHECK(rig.done() == before);
  rig.controller().set_limit({});
  rig.run(100ms);
  CHECK((rig.done() - before) / 0.1 > 0.95 * rig.full_hps());
}
