#include "bench/measure.h"

#include "bench/hash_bench.h"
#include "tests/unit/catch.h"

using namespace ebb;
using namespace ebb::bench;

namespace {

Slice slice(std::uint64_t hashes, double elapsed, double cpu, double clock_hz = 3e9) {
  return {hashes, Seconds(elapsed), Seconds(cpu), clock_hz};
}

/// What the scalar kernel finds, with one fault.
enum class Fault { none, invents, misses };
Fault fault = Fault::none;
core::ScanResult faulty_scan(const core::ScanInput& input, std::uint32_t first, std::uint64_t count,
                             core::Candidate* out, std::uint32_t capacity) noexcept {
  core::ScanResult result =
      core::compiled_backends().back().scan(input, first, count, out, capacity);
  if (fault == Fault::invents && result.found > 0) ++out[0].nonce;
  if (fault == Fault::misses && result.found > 0) --result.found;
  return result;
}

std::vector<Measurement> run(Fault with) {
  fault = with;
  HashBenchOptions options;
  options.duration = Seconds(1e-3);
  options.repeats = 1;
  options.midstates = {32};
  const core::HashBackend backend{"faulty", core::kNoFeatures, 1, faulty_scan};
  core::CpuTopology topology;
  topology.cores = {{.cpus = {0}}};
  return bench_hash(options, std::vector{backend}, topology, nullptr);
}

}  // namespace

TEST_CASE("bench: the median of odd and even counts") {
  CHECK(median({3, 1, 2}) == 2);
  CHECK(median({4, 1, 2, 3}) == 2.5);
  CHECK(median({7}) == 7);
}

TEST_CASE("bench: rates are by elapsed time, cycles by the thread's own") {
  // Two threads; the second was without its CPU for half of the time.
  const std::vector<Pass> passes{{{slice(1000, 1, 1)}, {slice(1000, 2, 1)}}};
  const Figures figures = summarize(passes);
  CHECK(figures.hps_median == 1500);
  CHECK(figures.cycles_per_hash == 3e6);
  CHECK(figures.seconds.count() == 1.5);
}

TEST_CASE("bench: median, least and most are over repeats, and one bad slice has no weight") {
  std::vector<Pass> passes;
  for (const double elapsed : {1.0, 1.0, 1.0, 4.0, 0.5})
    passes.push_back({{slice(1000, elapsed, elapsed)}});
  const Figures figures = summarize(passes);
  CHECK(figures.hps_median == 1000);
  CHECK(figures.hps_min == 250);
  CHECK(figures.hps_max == 2000);
  CHECK(figures.cycles_per_hash == 3e6);
  CHECK(figures.clock_hz == 3e9);
}

TEST_CASE("bench: a kernel that is right is verified, as OpenSSL is") {
  const auto all = run(Fault::none);
  REQUIRE(all.size() == 3u);
  for (const Measurement& m : all) {
    CHECK(m.verified);
    CHECK(m.figures.cycles_per_hash > 0);
    CHECK(m.figures.clock_hz > 0);
  }
  CHECK(all[0].ratio_to_openssl.has_value());
  CHECK_FALSE(all[0].joules_per_hash.has_value());
  CHECK(exit_code_of(all) == 0);
}

TEST_CASE("bench: a kernel that is wrong, or that misses hashes, is exit code 3") {
  for (const Fault each : {Fault::invents, Fault::misses}) {
    const auto all = run(each);
    CHECK_FALSE(all[0].verified);
    CHECK(all[1].verified);
    CHECK(exit_code_of(all) == 3);
  }
}
