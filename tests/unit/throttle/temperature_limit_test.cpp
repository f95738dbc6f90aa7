#include "throttle/temperature_limit.h"

#include "tests/unit/catch.h"

using namespace std::chrono_literals;
using ebb::throttle::TemperatureLimit;

namespace {

/// A limit of 85 °C that is asked once a second.
class Limit {
 public:
  bool at(std::optional<double> celsius) { return limit_.update(now_ += 1s, celsius); }
  bool blind_for(std::chrono::seconds duration) {
    now_ += duration - 1s;
    return at(std::nullopt);
  }

 private:
  TemperatureLimit limit_{85};
  TemperatureLimit::Clock::time_point now_{};
};

}  // namespace

TEST_CASE("temperature limit: holds from the limit on, until ten degrees below it") {
  Limit limit;
  CHECK_FALSE(limit.at(84.9));
  CHECK(limit.at(85));
  CHECK(limit.at(84));
  CHECK(limit.at(75.1));
  CHECK_FALSE(limit.at(75));
  CHECK_FALSE(limit.at(84));
  CHECK(limit.at(97));
}

TEST_CASE("temperature limit: a device that goes blind is held after half a minute") {
  Limit limit;
  CHECK_FALSE(limit.at(60));
  CHECK_FALSE(limit.blind_for(29s));
  CHECK(limit.blind_for(1s));
  CHECK_FALSE(limit.at(60));
}

TEST_CASE("temperature limit: a device held blind must have cooled before it goes on") {
  Limit limit;
  CHECK_FALSE(limit.at(80));
  CHECK(limit.blind_for(30s));
  CHECK(limit.at(80));
  CHECK_FALSE(limit.at(75));
}

TEST_CASE("temperature limit: a short blindness changes nothing") {
  Limit limit;
  CHECK(limit.at(90));
  CHECK(limit.blind_for(29s));
  CHECK(limit.at(80));
  CHECK_FALSE(limit.at(70));
  CHECK_FALSE(limit.blind_for(29s));
  CHECK_FALSE(limit.at(70));
  CHECK_FALSE(limit.blind_for(29s));
}

TEST_CASE("temperature limit: a device that was never read is not held") {
  Limit limit;
  CHECK_FALSE(limit.blind_for(3600s));
}
