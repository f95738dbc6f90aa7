#include "stratum/backoff.h"

#include "tests/unit/catch.h"

using ebb::stratum::Backoff;

TEST_CASE("backoff: doubles from one second to sixty, between half and all of the step") {
  Backoff early, late;
  for (const int step_s : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    CHECK(early.next(0).count() == 500 * step_s);
    CHECK(late.next(0.999999).count() >= 999 * step_s);
  }
}

TEST_CASE("backoff: a proven connection starts it over") {
  Backoff backoff;
  for (int i = 0; i < 5; ++i)
    backoff.next(0.5);
  backoff.succeeded();
  CHECK(backoff.next(0).count() == 500);
}
