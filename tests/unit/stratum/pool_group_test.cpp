// Many pools, made up: what becomes of their upstreams.

#include "stratum/pool_group.h"

#include <boost/asio.hpp>

#include "tests/unit/catch.h"
#include "tests/unit/stratum/session_support.h"

namespace ebb::stratum {

using namespace session_tests;
using namespace std::chrono_literals;

namespace {

/// Says what a test has it say.
struct FakeUpstream final : Upstream {
  explicit FakeUpstream(std::function<void(PoolEvent)> tell) : sink(std::move(tell)) {}
  void start() override { started = true; }
  void submit(core::Share share) override {
    sink(Event(ShareJudged{std::move(share), accepts, RejectReason::stale, "no such job"}));
  }
  void suggest_difficulty(double) override {}
  void stop() override { stopped = true; }

  std::function<void(PoolEvent)> sink;
  bool accepts = true, started = false, stopped = false;
};

class Rig {
 public:
  explicit Rig(std::size_t pools) : made(pools) {
    std::vector<GroupMember> members;
    for (std::size_t i = 0; i < pools; ++i) {
      members.push_back({1, [this, i](std::uint32_t, auto sink) {
                           auto upstream = std::make_unique<FakeUpstream>(std::move(sink));
                           made[i].push_back(upstream.get());
                           return upstream;
                         }});
    }
    PoolStrategy strategy;
    strategy.proven_after = 10ms;
    strategy.widen_after = 10ms;
    strategy.rest = 100ms;
    strategy.linger_least = 20ms;
    strategy.refusals = 3;
    group.emplace(io, std::move(members), strategy,
                  PoolGroup::Owner{[](std::size_t, const PoolEvent&) {},
                                   [this](core::JobPtr it) { job = std::move(it); },
                                   [] { return std::uint64_t{0}; }});
    group->start();
  }
  ~Rig() { group->stop(); }

  FakeUpstream& upstream(std::size_t pool) { return *made[pool].back(); }

  void works(std::size_t pool) {
    core::Job some;
    some.pool = static_cast<std::uint32_t>(pool);
    upstream(pool).sink(Event(JobReceived{std::make_shared<const core::Job>(std::move(some))}));
  }
  bool mines(std::size_t pool) const { return job && job->pool == pool; }

  bool until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      io.run_one_for(20ms);
    }
    return true;
  }

  /// Shares that the pool that is mined accepts or refuses.
  void judged(bool accepted, unsigned times) {
    upstream(job->pool).accepts = accepted;
    const core::JobPtr mined = job;
    for (unsigned i = 0; i < times; ++i) {
      core::Share share;
      share.job = mined;
      group->submit(std::move(share));
    }
  }

  boost::asio::io_context io;
  std::vector<std::vector<FakeUpstream*>> made;
  core::JobPtr job;
  std::optional<PoolGroup> group;
};

}  // namespace

TEST_CASE(
    "pool group: the only pool gets a new session when it refuses everything, not at once again") {
  Rig rig(1);
  rig.works(0);
  REQUIRE(rig.until([&] { return rig.mines(0); }));
  rig.judged(false, 2);
  rig.judged(true, 1);
  rig.judged(false, 2);
  CHECK(rig.made[0].size() == 1);
  rig.judged(false, 1);
  REQUIRE(rig.until([&] { return rig.job == nullptr; }));
  CHECK_FALSE(rig.made[0][0]->stopped);  // what is under way can still go there
  rig.works(0);
  CHECK(rig.job == nullptr);
  const auto before = std::chrono::steady_clock::now();
  REQUIRE(rig.until([&] { return rig.made[0].size() == 2; }));
  CHECK(rig.made[0][0]->stopped);
  rig.works(0);
  REQUIRE(rig.until([&] { return rig.mines(0); }));
  rig.judged(false, 3);
  REQUIRE(rig.until([&] { return rig.made[0].size() == 3; }));
  CHECK(std::chrono::steady_clock::now() - before >= 100ms);
}

TEST_CASE("pool group: a pool that rested has a new session before it is gone back to") {
  Rig rig(2);
  rig.works(0);
  REQUIRE(rig.until([&] { return rig.mines(0); }));
  rig.judged(false, 3);
  CHECK(rig.made[0].size() == 1);
  REQUIRE(rig.until([&] { return !rig.made[1].empty(); }));
  rig.works(1);
  REQUIRE(rig.until([&] { return rig.mines(1); }));
  REQUIRE(rig.until([&] { return rig.made[0].size() == 2; }));
  CHECK(rig.mines(1));
  rig.works(0);
  CHECK(rig.until([&] { return rig.mines(0); }));
}

}  // namespace ebb::stratum
