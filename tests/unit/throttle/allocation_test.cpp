#include "throttle/allocation.h"

#include "tests/unit/catch.h"

using ebb::throttle::allocate;
using ebb::throttle::Capacity;

using Duties = std::vector<double>;

TEST_CASE("allocation: whole devices in order, one paced, the rest at zero") {
  const std::vector<Capacity> devices{{10}, {20}, {30}};
  const std::vector<std::size_t> order{2, 0, 1};
  CHECK(allocate(0, devices, order) == Duties{0, 0, 0});
  CHECK(allocate(15, devices, order) == Duties{0, 0, 0.5});
  CHECK(allocate(35, devices, order) == Duties{0.5, 0, 1});
  CHECK(allocate(60, devices, order) == Duties{1, 1, 1});
  CHECK(allocate(1000, devices, order) == Duties{1, 1, 1});
}

TEST_CASE("allocation: the others take over what a held device cannot do") {
  const std::vector<Capacity> devices{{10, true}, {20}};
  const std::vector<std::size_t> order{0, 1};
  CHECK(allocate(10, devices, order) == Duties{0, 0.5});
  CHECK(allocate(30, devices, order) == Duties{0, 1});
}
