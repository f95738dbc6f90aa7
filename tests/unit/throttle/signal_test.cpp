#include "throttle/signal.h"

#include "tests/unit/catch.h"

using namespace ebb::throttle;

TEST_CASE("signal: classes by name") {
  using enum SignalClass;
  for (const SignalClass it : {mandatory, protective, economic, by_operator})
    CHECK(parse_signal_class(name(it)) == it);
  CHECK(name(by_operator) == "operator");
  CHECK_FALSE(parse_signal_class("Mandatory"));
  CHECK_FALSE(parse_signal_class(""));
}
