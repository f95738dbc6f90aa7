#include "throttle/limit.h"

#include "tests/unit/catch.h"

using namespace ebb::throttle;

TEST_CASE("limit: the least in each unit") {
  Limit limit;
  CHECK(limit.is_full());
  limit.lower_to(DutyCap{0.5});
  limit.lower_to(DutyCap{0.7});
  limit.lower_to(PowerCap{300});
  limit.lower_to(PowerCap{200});
  CHECK(limit == Limit{0.5, 200, {}});
  limit.lower_to(Limit{0.6, 100, 5e6});
  CHECK(limit == Limit{0.5, 100, 5e6});
  CHECK_FALSE(limit.is_full());
}

TEST_CASE("limit: zero in any unit is zero") {
  CHECK(Limit{0, {}, {}}.is_zero());
  CHECK(Limit{1, 0, {}}.is_zero());
  CHECK(Limit{1, {}, 0}.is_zero());
  CHECK_FALSE(Limit{0.01, 1, 1}.is_zero());
  CHECK_FALSE(Limit{1, 5000, {}}.is_full());
}

TEST_CASE("limit: as a fraction, as far as the plant is known") {
  const Plant plant{1100, 100, 1e9};
  CHECK(Limit{0.4, {}, {}}.fraction_of(plant) == 0.4);
  CHECK(Limit{1, 600, {}}.fraction_of(plant) == Approx(0.5));
  CHECK(Limit{1, 50, {}}.fraction_of(plant) == 0);  // below what it draws at rest
  CHECK(Limit{1, 5000, {}}.fraction_of(plant) == 1);
  CHECK(Limit{0.9, 600, 0.2e9}.fraction_of(plant) == Approx(0.2));
  CHECK(Limit{0.9, 600, 0.2e9}.fraction_of({}) == 0.9);
  CHECK(Limit{1, 0, {}}.fraction_of({}) == 0);
  CHECK(Limit{1, 500, {}}.fraction_of({1000, {}, {}}) == Approx(0.5));
  CHECK(Limit{1, 500, {}}.fraction_of({100, 100, 0.0}) == 1);  // a plant that makes no sense
}

TEST_CASE("limit: above another in some unit") {
  CHECK(Limit{0.5, {}, {}}.is_above({0.4, {}, {}}));
  CHECK_FALSE(Limit{0.4, {}, {}}.is_above({0.4, {}, {}}));
  CHECK(Limit{0.1, {}, {}}.is_above({0.4, 100, {}}));
  CHECK(Limit{0.1, 100, 6}.is_above({0.4, 100, 5}));
  CHECK_FALSE(Limit{0.1, 90, 4}.is_above({0.4, 100, 5}));
}

TEST_CASE("limit: texts") {
  CHECK(text(Limit{}) == "100%");
  CHECK(text(Limit{1, 0, 5e6}) == "0%");
  CHECK(text(Limit{0.4, {}, {}}) == "40%");
  CHECK(text(Limit{0.4, 1200, 20e6}) == "40%, 1.2kW, 20MH/s");
  CHECK(text(Limit{1, {}, 20e6}) == "20MH/s");
}
