#include "miner/latency_histogram.h"

#include "tests/unit/catch.h"

using namespace std::chrono_literals;
using ebb::miner::LatencyHistogram;

namespace {

double ms(LatencyHistogram::Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

TEST_CASE("latency histogram: nothing recorded is zero") {
  const LatencyHistogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.quantile(0.5) == 0s);
}

TEST_CASE("latency histogram: quantiles to within five percent") {
  LatencyHistogram histogram;
  for (int i = 1; i <= 1000; ++i)
    histogram.record(std::chrono::milliseconds(i));
  CHECK(histogram.count() == 1000);
  for (const double q : {0.01, 0.5, 0.9, 0.99, 1.0}) {
    INFO(q);
    CHECK(ms(histogram.quantile(q)) >= 1000 * q * 0.999);
    CHECK(ms(histogram.quantile(q)) <= 1000 * q * 1.051);
  }
}

TEST_CASE("latency histogram: one slow answer is the p99 of few, not of many") {
  LatencyHistogram histogram;
  histogram.record(5s);
  for (int i = 0; i < 50; ++i)
    histogram.record(10ms);
  CHECK(ms(histogram.quantile(0.99)) > 4999);
  CHECK(ms(histogram.quantile(0.5)) < 10.6);
  for (int i = 0; i < 100; ++i)
    histogram.record(10ms);
  CHECK(ms(histogram.quantile(0.99)) < 10.6);
}

TEST_CASE("latency histogram: nothing falls out at either end") {
  LatencyHistogram histogram;
  histogram.record(0s);
  histogram.record(-1s);
  histogram.record(std::chrono::hours(1000));
  CHECK(histogram.count() == 3);
  CHECK(ms(histogram.quantile(0.1)) == 0.1);
  CHECK(histogram.quantile(1) > 15min);
}
