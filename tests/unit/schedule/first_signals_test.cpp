#include "throttle/schedule/first_signals.h"

#include "tests/unit/catch.h"

using namespace ebb::throttle;
using namespace std::chrono_literals;

TEST_CASE("first signals: however many come in whatever order, the first are kept") {
  FirstSignals first(WallTime(0s), WallTime(100'000s), 3);
  for (int i = 5000; i >= 0; --i) {
    Signal signal;
    signal.id = std::to_string(10'000 + i);
    signal.valid_from = WallTime(std::chrono::seconds(i / 2500));  // thousands at once
    first.add(signal);
  }
  const auto kept = first.take();
  REQUIRE(kept.size() == 3);
  CHECK(kept[0].id == "10000");
  CHECK(kept[1].id == "10001");
  CHECK(kept[2].id == "10002");
  CHECK(first.to() == WallTime(1ms));
}
