#include "core/backend_speed.h"

#include "tests/unit/catch.h"

using namespace ebb::core;
using std::chrono::nanoseconds;

namespace {

// Kernels that do nothing but let the faked clock pass, as a given rate demands.
nanoseconds now{0};
int scans_of_slow = 0;
int burst_at = -1;  // the scan of `mid` that a neighbour slows down tenfold
int scans_of_mid = 0;

ScanResult spend(const ScanInput& input, std::uint64_t count, double hps) {
  const double hashes = static_cast<double>(count) * input.midstate_count;
  now += nanoseconds(static_cast<std::int64_t>(1e9 * hashes / hps));
  return {count, 0};
}
ScanResult quick(const ScanInput& input, std::uint32_t, std::uint64_t count, Candidate*,
                 std::uint32_t) noexcept {
  return spend(input, count, input.midstate_count == 1 ? 20e6 : 40e6);
}
ScanResult mid(const ScanInput& input, std::uint32_t, std::uint64_t count, Candidate*,
               std::uint32_t) noexcept {
  const double slowed = scans_of_mid++ == burst_at ? 10 : 1;
  return spend(input, count, (input.midstate_count == 1 ? 25e6 : 30e6) / slowed);
}
ScanResult slow(const ScanInput& input, std::uint32_t, std::uint64_t count, Candidate*,
                std::uint32_t) noexcept {
  ++scans_of_slow;
  return spend(input, count, 4e6);
}

const HashBackend kQuick{"quick", kNoFeatures, 1, quick};
const HashBackend kMid{"mid", kNoFeatures, 1, mid};
const HashBackend kSlow{"slow", kNoFeatures, 1, slow};

std::vector<BackendSpeed> measured(std::vector<HashBackend> backends) {
  now = nanoseconds(0);
  scans_of_slow = scans_of_mid = 0;
  return measure_speeds(backends, [] { return now; });
}

}  // namespace

TEST_CASE("backend speed: each is measured alone and shared, in the order given") {
  const auto speeds = measured({kMid, kQuick});
  REQUIRE(speeds.size() == 2u);
  CHECK(speeds[0].alone == Approx(25e6).epsilon(1e-3));
  CHECK(speeds[0].shared == Approx(30e6).epsilon(1e-3));
  CHECK(speeds[1].alone == Approx(20e6).epsilon(1e-3));
  CHECK(speeds[1].shared == Approx(40e6).epsilon(1e-3));
  CHECK(fastest(speeds) == 1u);
  // About 50 ms each: 12 turns of 2 ms, alone and shared.
  CHECK(now >= std::chrono::milliseconds(96));
  CHECK(now < std::chrono::milliseconds(110));
}

TEST_CASE("backend speed: a neighbour's burst does not count") {
  burst_at = 3;
  const auto speeds = measured({kMid});
  burst_at = -1;
  CHECK(speeds[0].alone == Approx(25e6).epsilon(1e-3));
}

TEST_CASE("backend speed: what is beaten threefold is tried once") {
  const auto speeds = measured({kQuick, kSlow});
  CHECK(speeds[1].alone == Approx(4e6).epsilon(1e-3));
  CHECK(speeds[1].shared == Approx(4e6).epsilon(1e-3));
  CHECK(scans_of_slow == 4);  // two scans of 1.02 ms make a turn
  CHECK(fastest(speeds) == 0u);
}

TEST_CASE("backend speed: of equals the first is taken") {
  const std::vector<BackendSpeed> speeds{{1, 5}, {9, 7}, {2, 7}};
  CHECK(fastest(speeds) == 1u);
}
