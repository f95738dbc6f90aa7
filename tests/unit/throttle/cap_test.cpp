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

TEST_CASE("cap: powers need their unit") {
  CHECK(parse_power("250W")->watts == 250);
  CHECK(parse_power("1.2kW")->watts == Approx(1200));
  CHECK(parse_power("3MW")->watts == Approx(3e6));
  CHECK(parse_power("0W")->watts == 0);
  for (const char* bad : {"", "W", "250", "-1W", "nanW", "250 W", "250w", "2kkW", "250WW", "1QW"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_power(bad));
  }
}

TEST_CASE("cap: any kind is known by its unit") {
  CHECK(parse_cap("40%") == Cap(DutyCap{0.4}));
  CHECK(parse_cap("0") == Cap(DutyCap{0}));
  CHECK(parse_cap("1") == Cap(DutyCap{1}));
  CHECK(parse_cap("0.5") == Cap(DutyCap{0.5}));
  CHECK(parse_cap("250W") == Cap(PowerCap{250}));
  CHECK(parse_cap("20M") == Cap(HashrateCap{20e6}));
  CHECK(parse_cap("20MH/s") == Cap(HashrateCap{20e6}));
  CHECK(parse_cap("300H/s") == Cap(HashrateCap{300}));
  for (const char* bad : {"", "40", "2", "101%", "x", "-1W", "20MH", "nan", "%", "W", "H/s"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_cap(bad));
  }
}

TEST_CASE("cap: texts are read again") {
  CHECK(text(DutyCap{0.4}) == "40%");
  CHECK(text(DutyCap{0.125}) == "12.5%");
  CHECK(text(DutyCap{0}) == "0%");
  CHECK(text(PowerCap{250}) == "250W");
  CHECK(text(PowerCap{1500}) == "1.5kW");
  CHECK(text(PowerCap{0}) == "0W");
  CHECK(text(HashrateCap{20e6}) == "20MH/s");
  CHECK(text(HashrateCap{999}) == "999H/s");
  for (const Cap& cap : {Cap(DutyCap{0.75}), Cap(PowerCap{2.5e6}), Cap(HashrateCap{1e21}),
                         Cap(HashrateCap{0}), Cap(PowerCap{123456})}) {
    CAPTURE(text(cap));
    CHECK(parse_cap(text(cap)) == cap);
  }
}

TEST_CASE("cap: zero and full") {
  CHECK(is_zero(DutyCap{0}));
  CHECK(is_zero(PowerCap{0}));
  CHECK(is_zero(HashrateCap{0}));
  CHECK_FALSE(is_zero(DutyCap{0.001}));
  CHECK(is_full(DutyCap{1}));
  CHECK_FALSE(is_full(DutyCap{0.999}));
  CHECK_FALSE(is_full(PowerCap{1e12}));
}
