#include "throttle/cap.h"

#include "tests/unit/catch.h"

using namespace ebb::throttle;

TEST_CASE("cap: percentages and fractions of full power") {
  CHECK(parse_duty("40%")->fraction == Approx(0.4));
  CHECK(parse_duty("0%")->fraction == 0);
  CHECK(parse_duty("0")->fraction == 0);
  CHECK(parse_duty("12.5%")->fraction == Approx(0.125));
  CHECK(parse_duty("0.4")->fraction == Approx(0.4));
  CHECK(parse_duty("1")->fraction == 1);
  CHECK(parse_duty("100%")->fraction == 1);
  for (const char* bad : {"", "%", "x", "140%", "1.01", "-1%", "-0.5", "nan", "inf", "40 %", "40%%",
                          "4e400", "+40%", "0x1"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duty(bad));
  }
}

TEST_CASE("cap: hashrates take k M G T P E") {
  CHECK(parse_hashrate("0")->hps == 0);
  CHECK(parse_hashrate("20M")->hps == Approx(20e6));
  CHECK(parse_hashrate("1.5G")->hps == Approx(1.5e9));
  CHECK(parse_hashrate("300k")->hps == Approx(300e3));
  CHECK(parse_hashrate("2T")->hps == Approx(2e12));
  CHECK(parse_hashrate("1P")->hps == Approx(1e15));
  CHECK(parse_hashrate("1E")->hps == Approx(1e18));
  CHECK(parse_hashrate("1e6")->hps == Approx(1e6));
  CHECK(parse_hashrate("12345")->hps == Approx(12345));
  for (const char* bad : {"", "M", "12Q", "12m", "-1", "nan", "inf", "20MM", "20 M", "20M/s"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_hashrate(bad));
  }
}

TEST_CASE("cap: an error quotes what was wrong, and no more than a line of it") {
  const auto error = parse_hashrate(std::string(100'000, 'x')).error();
  CHECK(error.find("xxx") != std::string::npos);
  CHECK(error.size() < 300);
}
