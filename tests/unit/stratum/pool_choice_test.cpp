#include "stratum/pool_choice.h"

#include <random>

#include "tests/unit/catch.h"

using namespace ebb::stratum;
using namespace std::chrono_literals;
using Kind = PoolStrategy::Kind;
using Time = PoolFacts::Time;

namespace {

using Connected = std::vector<bool>;

/// Pools that come and go by hand, on a clock turned by hand.
struct Pools {
  explicit Pools(std::size_t count, PoolStrategy strategy = {})
      : chooser(strategy, count), facts(count) {}

  const PoolChoice& look() { return choice = chooser.choose(now, facts); }
  std::optional<std::size_t> mined() { return look().mined; }
  Connected connected() { return look().connected; }
  void comes(std::size_t pool) { facts[pool].job_since = now; }
  void goes(std::size_t pool) { facts[pool].job_since.reset(); }
  /// Second by second.
  void wait(std::chrono::seconds time, std::uint64_t hashes_a_second = 0) {
    for (; time > 0s; time -= 1s) {
      look();
      now += 1s;
      if (choice.mined) facts[*choice.mined].hashes += hashes_a_second;
    }
    look();
  }

  PoolChooser chooser;
  std::vector<PoolFacts> facts;
  PoolChoice choice;
  Time now{1h};
};

PoolStrategy strategy(Kind kind) {
  PoolStrategy result;
  result.kind = kind;
  return result;
}

}  // namespace

TEST_CASE("pool choice: a node stays connected, or what it has not judged would wait") {
  Pools pools(3);
  pools.facts[2].keeps_connected = true;
  CHECK(pools.connected() == Connected{true, false, false});  // the primary has the first word
  pools.comes(0);
  pools.wait(1s);
  CHECK(pools.connected() == Connected{true, false, true});
  pools.comes(2);
  CHECK(pools.mined() == 0);
  pools.goes(0);
  CHECK(pools.mined() == 2);
  CHECK(pools.connected() == Connected{true, true, true});
  pools.comes(0);
  pools.wait(200s);
  CHECK(pools.mined() == 0);
  CHECK(pools.connected() == Connected{true, false, true});
  pools.goes(0);
  pools.goes(2);
  CHECK_FALSE(pools.mined());
  CHECK(pools.connected()[2]);
}

TEST_CASE("pool choice: nobody is mined for nobody") {
  for (const Kind kind : {Kind::failover, Kind::quota, Kind::rotate}) {
    Pools pools(2, strategy(kind));
    CHECK_FALSE(pools.mined());
    pools.comes(1);
    CHECK(pools.mined() == 1);
    pools.goes(1);
    CHECK_FALSE(pools.mined());
  }
}

TEST_CASE("failover: the first is tried alone, then one more every five seconds") {
  Pools pools(3);
  CHECK(pools.connected() == Connected{true, false, false});
  pools.now += 4999ms;
  CHECK(pools.connected() == Connected{true, false, false});
  pools.now += 1ms;
  CHECK(pools.connected() == Connected{true, true, false});
  pools.now += 1h;
  CHECK(pools.connected() == Connected{true, true, true});
}

TEST_CASE("failover: a lost pool's next is tried at once, and taken as soon as it has work") {
  Pools pools(3);
  pools.comes(0);
  CHECK(pools.look() == PoolChoice{0, {true, false, false}});
  pools.goes(0);
  CHECK(pools.look() == PoolChoice{std::nullopt, {true, true, false}});
  pools.comes(1);
  CHECK(pools.look() == PoolChoice{1, {true, true, false}});
}

TEST_CASE("failover: the primary is gone back to when it has proved itself, and not before") {
  Pools pools(2);
  pools.comes(1);
  REQUIRE(pools.mined() == 1);
  pools.comes(0);
  pools.now += 9999ms;
  CHECK(pools.mined() == 1);
  SECTION("it stays") {
    pools.now += 1ms;
    CHECK(pools.look() == PoolChoice{0, {true, true}});
    pools.now += 1999ms;
    CHECK(pools.connected() == Connected{true, true});
    pools.now += 1ms;
    CHECK(pools.connected() == Connected{true, false});
  }
  SECTION("it flaps") {
    pools.goes(0);
    pools.wait(1s);
    pools.comes(0);
    pools.wait(9s);
    CHECK(pools.mined() == 1);
    pools.wait(1s);
    CHECK(pools.mined() == 0);
  }
  SECTION("when nobody else has work it need not prove anything") {
    pools.goes(1);
    CHECK(pools.mined() == 0);
  }
}

TEST_CASE("failover: a pool that is left stays connected while it owes verdicts, for a minute") {
  Pools pools(2);
  pools.comes(1);
  pools.look();
  pools.facts[1].owes_verdicts = true;
  pools.comes(0);
  pools.wait(10s);
  CHECK(pools.look() == PoolChoice{0, {true, true}});
  SECTION("it answers") {
    pools.facts[1].owes_verdicts = false;
    pools.wait(2s);
    CHECK(pools.connected() == Connected{true, false});
  }
  SECTION("it does not") {
    pools.wait(59s);
    CHECK(pools.connected() == Connected{true, true});
    pools.wait(1s);
    CHECK(pools.connected() == Connected{true, false});
  }
}

TEST_CASE("failover: a pool that refuses shares is mined only while there is no other") {
  Pools pools(3);
  pools.comes(0);
  pools.facts[0].resting = true;
  CHECK(pools.look() == PoolChoice{0, {true, true, true}});
  pools.comes(2);
  CHECK(pools.mined() == 2);
  pools.wait(60s);
  CHECK(pools.mined() == 2);
  pools.facts[0].resting = false;
  CHECK(pools.mined() == 0);
}

TEST_CASE("quota: hashes are split by weight, and all are connected") {
  Pools pools(3, strategy(Kind::quota));
  CHECK(pools.connected() == Connected{true, true, true});
  pools.facts[0].weight = 70;
  pools.facts[1].weight = 20;
  pools.facts[2].weight = 10;
  for (std::size_t i = 0; i < 3; ++i)
    pools.comes(i);
  pools.wait(3600s, 1000);
  CHECK(static_cast<double>(pools.facts[0].hashes) / 3.6e6 == Approx(0.7).margin(0.01));
  CHECK(static_cast<double>(pools.facts[1].hashes) / 3.6e6 == Approx(0.2).margin(0.01));
  CHECK(static_cast<double>(pools.facts[2].hashes) / 3.6e6 == Approx(0.1).margin(0.01));
}

TEST_CASE("quota: a slice is not cut short, and who was away is not made up to") {
  Pools pools(2, strategy(Kind::quota));
  pools.comes(0);
  pools.wait(600s, 1000);
  pools.comes(1);
  pools.wait(1s, 1000);
  const std::uint64_t before = pools.facts[0].hashes;
  pools.wait(600s, 1000);
  CHECK(static_cast<double>(pools.facts[0].hashes - before) == Approx(3e5).epsilon(0.03));

  unsigned changes = 0;
  for (auto last = pools.mined(); pools.now < Time{2h}; last = pools.choice.mined) {
    pools.wait(1s, 1000);
    changes += pools.choice.mined != last ? 1 : 0;
  }
  CHECK(changes <= 2400 / 5);
  CHECK(changes > 100);
}

TEST_CASE("quota: no absence is made up for, whoever comes back first") {
  for (const bool the_absent_first : {true, false}) {
    Pools pools(2, strategy(Kind::quota));
    pools.comes(0);
    pools.comes(1);
    pools.wait(60s, 1000);
    pools.goes(1);
    pools.wait(36'000s, 1000);
    pools.goes(0);
    pools.wait(60s, 1000);
    pools.comes(the_absent_first ? 1 : 0);
    pools.wait(10s, 1000);
    pools.comes(the_absent_first ? 0 : 1);
    const std::uint64_t before = pools.facts[0].hashes;
    pools.wait(600s, 1000);
    CHECK(static_cast<double>(pools.facts[0].hashes - before) == Approx(3e5).epsilon(0.05));
  }
}

TEST_CASE("quota: nor is a rest") {
  Pools pools(2, strategy(Kind::quota));
  pools.comes(0);
  pools.comes(1);
  pools.facts[1].resting = true;
  pools.wait(300s, 1000);
  CHECK(pools.facts[1].hashes == 0);
  pools.facts[1].resting = false;
  const std::uint64_t before = pools.facts[0].hashes;
  pools.wait(600s, 1000);
  CHECK(static_cast<double>(pools.facts[0].hashes - before) == Approx(3e5).epsilon(0.05));
}

TEST_CASE("rotate: the next that has work, each period") {
  PoolStrategy hourly = strategy(Kind::rotate);
  hourly.rotate_every = 60s;
  Pools pools(3, hourly);
  pools.comes(0);
  pools.comes(2);
  CHECK(pools.mined() == 0);
  pools.wait(59s);
  CHECK(pools.mined() == 0);
  pools.wait(1s);
  CHECK(pools.mined() == 2);
  pools.comes(1);
  pools.wait(60s);
  CHECK(pools.mined() == 0);
  pools.goes(0);
  CHECK(pools.mined() == 1);  // lost before its turn was over
  pools.goes(1);
  pools.goes(2);
  CHECK_FALSE(pools.mined());
}

TEST_CASE(
    "pool choice: whatever happens, what is mined has work, and a healthy primary ends there") {
  std::mt19937 random(7);
  const auto chance = [&](unsigned one_in) { return random() % one_in == 0; };
  for (int run = 0; run < 300; ++run) {
    const auto kind = static_cast<Kind>(run % 3);
    Pools pools(1 + random() % 4, strategy(kind));
    for (int step = 0; step < 300; ++step) {
      for (std::size_t i = 0; i < pools.facts.size(); ++i) {
        PoolFacts& pool = pools.facts[i];
        if (chance(20)) pool.job_since ? pools.goes(i) : pools.comes(i);
        if (chance(50)) pool.resting = !pool.resting;
        pool.owes_verdicts = chance(2);
      }
      pools.now += std::chrono::milliseconds(random() % 3000);
      const PoolChoice& choice = pools.look();
      bool any = false;
      for (const PoolFacts& pool : pools.facts)
        any = any || pool.job_since;
      REQUIRE(choice.mined.has_value() == any);
      if (!choice.mined) continue;
      REQUIRE(pools.facts[*choice.mined].job_since);
      REQUIRE(choice.connected[*choice.mined]);
      pools.facts[*choice.mined].hashes += random() % 1000;
    }
    pools.comes(0);
    pools.facts[0].resting = false;
    if (kind != Kind::failover) continue;
    pools.wait(10s);
    REQUIRE(pools.mined() == 0);
  }
}
