#include "cuda/waiter.h"

#include <thread>

#include "tests/unit/catch.h"

namespace ebb::cuda {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a waiter sleeps until its time is up") {
  const auto waiter = make_waiter();
  const auto before = waiter->now();
  waiter->sleep(2ms);
  CHECK(waiter->now() - before >= 2ms);
  CHECK_FALSE(waiter->take_interrupt());
}

TEST_CASE("an interrupt ends a sleep, the next one too unless it is taken, and is taken once") {
  const auto waiter = make_waiter();
  const auto before = waiter->now();
  std::thread other([&] { waiter->interrupt(); });
  waiter->sleep(1h);
  waiter->sleep(1h);
  other.join();
  CHECK(waiter->now() - before < 10min);
  CHECK(waiter->take_interrupt());
  CHECK_FALSE(waiter->take_interrupt());
}

}  // namespace
}  // namespace ebb::cuda
