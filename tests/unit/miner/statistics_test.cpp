#include "miner/statistics.h"

#include "miner/console.h"
#include "tests/unit/catch.h"

using namespace ebb::miner;
using namespace std::chrono_literals;

TEST_CASE("hashrate meter: windows slide, and short histories use what there is") {
  HashrateMeter meter;
  CHECK(meter.over(10s) == 0);
  HashrateMeter::Clock::time_point now{1000s};
  std::uint64_t hashes = 0;
  meter.sample(now, hashes);
  for (int second = 1; second <= 1200; ++second) {
    hashes += second <= 1190 ? 1000 : 3000;
    meter.sample(now + std::chrono::seconds(second), hashes);
    if (second == 5) CHECK(meter.over(10s) == Approx(1000));
  }
  CHECK(meter.over(10s) == Approx(3000));
  CHECK(meter.over(60s) == Approx((50 * 1000 + 10 * 3000) / 60.0));
  CHECK(meter.over(15min) == Approx((890 * 1000 + 10 * 3000) / 900.0));
}

TEST_CASE("console: hashrates and difficulties in three digits") {
  CHECK(format_hashrate(0) == "0 H/s");
  CHECK(format_hashrate(999.4) == "999 H/s");
  CHECK(format_hashrate(999.6) == "1.00 kH/s");
  CHECK(format_hashrate(35'432'000) == "35.4 MH/s");
  CHECK(format_hashrate(1.05e10) == "10.5 GH/s");
  CHECK(format_difficulty(0.0012) == "0.0012");
  CHECK(format_difficulty(683.511) == "684");
  CHECK(format_difficulty(163491654908.96) == "163G");
}
