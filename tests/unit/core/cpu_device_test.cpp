#include "core/cpu_device.h"

#include <ctime>
#include <thread>

#include "tests/unit/catch.h"
#include "tests/unit/core/support.h"

using namespace ebb::core;

namespace {

std::int64_t thread_cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

/// Works for 2 ms of this thread's time, scans nothing real, and says what it was asked.
ScanResult slow_scan(const ScanInput& input, std::uint32_t first, std::uint64_t count,
                     Candidate* out, std::uint32_t capacity) noexcept {
  const std::int64_t begin = thread_cpu_ns();
  while (thread_cpu_ns() - begin < 2'000'000) {
  }
  out[0] = {first, input.midstate_count};
  out[1] = {capacity, input.tail[2]};
  return {count - 1, 2};
}

}  // namespace

TEST_CASE("cpu device: passes the scan on and times it") {
  const HashBackend backend{"slow", kNoFeatures, 1, slow_scan};
  const auto device = make_cpu_device("cpu3", backend);
  CHECK(device->info().name == "cpu3");
  CHECK(device->info().backend == "slow");
  CHECK(device->info().max_midstates == kMaxMidstates);

  ScanInput input;
  input.midstate_count = 9;
  input.tail[2] = 0xabc;
  device->prepare(input);
  input.midstate_count = 10;  // prepare() took a copy
  std::vector<Candidate> out(kMinCandidateCapacity + 5);
  const ScanReport report = device->scan(77, 1000, out);
  CHECK(report.ok);
  CHECK(report.scanned == 999u);
  CHECK(report.found == 2u);
  CHECK(report.busy >= std::chrono::milliseconds(2));
  CHECK(out[0].nonce == 77u);
  CHECK(out[0].midstate == 9u);
  CHECK(out[1].nonce == kMinCandidateCapacity + 5);
  CHECK(out[1].midstate == 0xabcu);
}

TEST_CASE("cpu device: another thread's scans are timed by its own clock") {
  const HashBackend backend{"slow", kNoFeatures, 1, slow_scan};
  const auto device = make_cpu_device("cpu3", backend);
  ScanInput input;
  input.midstate_count = 1;
  device->prepare(input);
  for (int worker = 0; worker < 3; ++worker) {
    std::vector<std::chrono::nanoseconds> busy;
    std::thread([&] {
      std::vector<Candidate> out(kMinCandidateCapacity);
      for (int scans = 3 - worker; scans > 0; --scans)  // the one before has used more
        busy.push_back(device->scan(0, 1000, out).busy);
    }).join();
    for (const std::chrono::nanoseconds time : busy) {
      CHECK(time >= std::chrono::milliseconds(2));
      CHECK(time < std::chrono::seconds(1));
    }
  }
}

TEST_CASE("cpu device: finds a real block") {
  const auto genesis = ebb::test::mainnet_headers().at(0).header;
  ScanInput input;
  input.midstate_count = 1;
  const Midstate state = genesis.midstate();
  std::copy(state.words.begin(), state.words.end(), input.midstates[0]);
  const auto bytes = genesis.serialize();
  for (std::size_t i = 0; i < 3; ++i)
    input.tail[i] = load_be32(&bytes[64 + 4 * i]);
  input.zero_mask = 0xffffffff;
  for (const auto& backend : ebb::test::backends_that_run_here()) {
    INFO(backend.name);
    const auto device = make_cpu_device("cpu0", backend);
    CHECK(device->info().backend == backend.name);
    device->prepare(input);
    std::vector<Candidate> out(kMinCandidateCapacity);
    const ScanReport report = device->scan(genesis.nonce - 100, 200, out);
    CHECK(report.ok);
    CHECK(report.scanned == 200u);
    REQUIRE(report.found == 1u);
    CHECK(out[0].nonce == 0x7c2bac1du);
    CHECK(out[0].midstate == 0u);
    // Another prepare() replaces the input.
    ScanInput empty = input;
    empty.tail[1] ^= 1;
    device->prepare(empty);
    CHECK(device->scan(genesis.nonce - 100, 200, out).found == 0u);
  }
}
