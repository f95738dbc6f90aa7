#include "stratum/server/vardiff.h"

#include <random>

#include "tests/unit/catch.h"
#include "tests/unit/stratum/server_support.h"

namespace ebb::stratum::server {
namespace {

constexpr VardiffConfig kTwoASecond{.target_interval = std::chrono::duration<double>(0.5),
                                    .min_difficulty = 1e-6,
                                    .max_difficulty = 1e6};

/// A miner that finds shares as a Poisson process, under a pool that ticks twice a second.
class SimulatedMiner {
 public:
  explicit SimulatedMiner(Vardiff& vardiff) : vardiff_(vardiff) {}

  /// `rate`: difficulty mined per second. Returns how often the difficulty changed.
  int mine(double rate, double seconds) {
    int changes = 0;
    for (const double end = now_ + seconds; now_ < end; now_ += 0.5) {
      std::poisson_distribution<int> shares(0.5 * rate / vardiff_.difficulty());
      const int found = shares(random_);
      shares_ += found;
      for (int i = 0; i < found; ++i)
        vardiff_.count_share(vardiff_.difficulty());
      if (vardiff_.retarget(at(now_ + 0.5).steady)) ++changes;
    }
    return changes;
  }

  int shares() const { return shares_; }

 private:
  Vardiff& vardiff_;
  std::mt19937_64 random_{7};
  double now_ = 0;
  int shares_ = 0;
};

}  // namespace

TEST_CASE("vardiff: finds two shares a second, from a hundredth to a hundred times the start") {
  const double factor = GENERATE(0.01, 0.1, 0.5, 1.0, 2.0, 10.0, 100.0);
  Vardiff vardiff(kTwoASecond, 0.001, at(0).steady);
  SimulatedMiner miner(vardiff);
  const double rate = 2 * 0.001 * factor;
  miner.mine(rate, 60);
  INFO(factor);
  CHECK(rate / vardiff.difficulty() > 2 * 0.45);
  CHECK(rate / vardiff.difficulty() < 2 * 2.2);
}

TEST_CASE("vardiff: twenty shares in the demo's twenty seconds, whatever the machine") {
  const double hashes_per_second = GENERATE(2e6, 5e6, 50e6, 500e6);
  Vardiff vardiff(kTwoASecond, 1e-4, at(0).steady);
  SimulatedMiner miner(vardiff);
  miner.mine(hashes_per_second / 0x1p32, 19);
  INFO(hashes_per_second);
  CHECK(miner.shares() >= 25);
  CHECK(miner.shares() < 1200);
}

TEST_CASE("vardiff: follows a miner whose rate jumps, both ways") {
  Vardiff vardiff(kTwoASecond, 1, at(0).steady);
  SimulatedMiner miner(vardiff);
  for (const double rate : {2.0, 200.0, 2.0, 0.02, 2.0}) {
    miner.mine(rate, 90);
    INFO(rate);
    CHECK(rate / vardiff.difficulty() > 2 * 0.45);
    CHECK(rate / vardiff.difficulty() < 2 * 2.2);
  }
}

TEST_CASE("vardiff: leaves a steady miner alone") {
  Vardiff vardiff(kTwoASecond, 1, at(0).steady);
  SimulatedMiner miner(vardiff);
  // Two hours are 450 windows.
  CHECK(miner.mine(2, 7200) <= 2);
}

TEST_CASE("vardiff: one step is a factor of four at most, and the bounds hold") {
  Vardiff vardiff({.target_interval = std::chrono::duration<double>(1),
                   .min_difficulty = 0.5,
                   .max_difficulty = 10},
                  1, at(0).steady);
  for (int i = 0; i < 100'000; ++i)
    vardiff.count_share(1);
  REQUIRE(vardiff.retarget(at(1).steady));
  CHECK(vardiff.difficulty() == 4);
  for (int i = 0; i < 100'000; ++i)
    vardiff.count_share(4);
  REQUIRE(vardiff.retarget(at(2).steady));
  CHECK(vardiff.difficulty() == 10);

  CHECK_FALSE(vardiff.retarget(at(9).steady));  // seven of eight silent seconds
  REQUIRE(vardiff.retarget(at(10).steady));
  CHECK(vardiff.difficulty() == 2.5);
  REQUIRE(vardiff.retarget(at(18).steady));
  CHECK(vardiff.difficulty() == Approx(0.625));
  REQUIRE(vardiff.retarget(at(26).steady));
  CHECK(vardiff.difficulty() == 0.5);
  CHECK_FALSE(vardiff.retarget(at(34).steady));  // no change is none
}

TEST_CASE("vardiff: late shares of an earlier difficulty count by their own") {
  Vardiff vardiff(kTwoASecond, 1, at(0).steady);
  vardiff.suggest(100, at(0).steady);
  for (int i = 0; i < 40; ++i)
    vardiff.count_share(1);  // as much work as 0.4 shares
  CHECK_FALSE(vardiff.retarget(at(1).steady));
  CHECK(vardiff.difficulty() == 100);
}

TEST_CASE("vardiff: a suggestion is brought within the bounds, and so is the start") {
  Vardiff vardiff(kTwoASecond, 1e9, at(0).steady);
  CHECK(vardiff.difficulty() == 1e6);
  vardiff.suggest(1e-12, at(0).steady);
  CHECK(vardiff.difficulty() == 1e-6);
  vardiff.suggest(0.125, at(0).steady);
  CHECK(vardiff.difficulty() == 0.125);
}

TEST_CASE("vardiff: no time, no verdict") {
  Vardiff vardiff(kTwoASecond, 1, at(0).steady);
  for (int i = 0; i < 100; ++i)
    vardiff.count_share(1);
  CHECK_FALSE(vardiff.retarget(at(0).steady));
}

}  // namespace ebb::stratum::server
