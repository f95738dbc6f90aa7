#include "cuda/device_self_test.h"

#include "core/backend.h"
#include "core/cpu_device.h"
#include "cuda/launches.h"
#include "tests/unit/catch.h"

namespace ebb::cuda {
namespace {

/// What is wrong with a device.
enum class Fault {
  none,
  drops_first_nonce,
  drops_last_nonce,
  drops_a_block,  ///< one block of threads of a long range
  ignores_a_mask_bit,
  invents,
  repeats,
  wrong_midstate,
  drops_overflow,  ///< keeps what fits and says that all was scanned
  fails,
  stalls,
};

/// A GPU's scan_by_launches over the scalar kernel, with a fault.
class FakeDevice final : public core::Device {
 public:
  explicit FakeDevice(Fault fault) : fault_(fault) {}

  const core::DeviceInfo& info() const override { return info_; }

  void prepare(const core::ScanInput& input) override {
    input_ = input;
    if (fault_ == Fault::ignores_a_mask_bit) input_.zero_mask &= ~(1u << 31);
    max_launch_ = kMaxLaunch;
  }

  core::ScanReport scan(std::uint32_t first, std::uint64_t count,
                        std::span<core::Candidate> out) override {
    if (fault_ == Fault::stalls) return {};
    return scan_by_launches(first, count, out, max_launch_,
                            [&](std::uint32_t from, std::uint32_t nonces, auto& busy) {
                              busy += std::chrono::nanoseconds(1);
                              ++launches;
                              return launch(from, nonces);
                            });
  }

  int launches = 0;

 private:
  const LaunchResult* launch(std::uint32_t first, std::uint32_t count) {
    if (fault_ == Fault::fails) return nullptr;
    const core::HashBackend& scalar = core::compiled_backends().back();
    result_.found = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      core::Candidate one[core::kMinCandidateCapacity];
      const auto scanned = scalar.scan(input_, first + i, 1, one, core::kMinCandidateCapacity);
      if (scanned.found == 0) continue;
      if (fault_ == Fault::drops_first_nonce && i == 0) continue;
      if (fault_ == Fault::drops_last_nonce && i + 1 == count) continue;
      if (fault_ == Fault::drops_a_block && i / 256 == 77) continue;
      if (fault_ == Fault::wrong_midstate) one[0].midstate = 1;
      add(one[0]);
      if (fault_ == Fault::repeats && i % 64 == 0) add(one[0]);
    }
    if (fault_ == Fault::invents) add({first + count / 2, 0});
    if (fault_ == Fault::drops_overflow) result_.found = std::min(result_.found, kLaunchCapacity);
    return &result_;
  }

  void add(core::Candidate candidate) {
    result_.candidates[std::min(result_.found++, kLaunchCapacity)] = candidate;
  }

  Fault fault_;
  core::DeviceInfo info_{"fake", "fake", 1};
  core::ScanInput input_;
  std::uint32_t max_launch_ = kMaxLaunch;
  LaunchResult result_;
};

TEST_CASE("the device self-test passes devices that are right") {
  FakeDevice fake(Fault::none);
  CHECK(self_test(fake) == std::nullopt);
  CHECK(self_test(*core::make_cpu_device("cpu0", core::compiled_backends().back())) ==
        std::nullopt);
}

TEST_CASE("the device self-test catches every fault") {
  const auto fault =
      GENERATE(Fault::drops_first_nonce, Fault::drops_last_nonce, Fault::drops_a_block,
               Fault::ignores_a_mask_bit, Fault::invents, Fault::repeats, Fault::wrong_midstate,
               Fault::drops_overflow, Fault::fails, Fault::stalls);
  INFO(static_cast<int>(fault));
  FakeDevice fake(fault);
  CHECK(self_test(fake) != std::nullopt);
}

/// A launch in which every nonce that `hit` names is a candidate.
template <class Hit>
auto launch_of(LaunchResult& result, int& launches, Hit hit) {
  return [&, hit](std::uint32_t first, std::uint32_t count, std::chrono::nanoseconds& busy) {
    ++launches;
    busy += std::chrono::nanoseconds(count);
    result.found = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (hit(first + i)) {
        result.candidates[std::min(result.found++, kLaunchCapacity)] = {first + i, 0};
      }
    }
    return &result;
  };
}

TEST_CASE("launches cover a range once, in order and up to the last nonce") {
  LaunchResult result;
  int launches = 0;
  std::vector<core::Candidate> out(core::kMinCandidateCapacity);
  std::uint32_t max_launch = 1000;
  const auto report =
      scan_by_launches(0xffffffffu - 4999, 5000, out, max_launch,
                       launch_of(result, launches, [](auto nonce) { return nonce % 100 == 95; }));
  CHECK(report.ok);
  CHECK(report.scanned == 5000);
  CHECK(report.found == 50);
  CHECK(report.busy.count() == 5000);
  CHECK(launches == 5);
  CHECK(out[49].nonce == 0xffffffff);
}

TEST_CASE("a launch that overflows is repeated with fewer nonces, and that is remembered") {
  LaunchResult result;
  int launches = 0;
  const auto launch = launch_of(result, launches, [](auto nonce) { return nonce % 4 == 0; });
  std::vector<core::Candidate> out(core::kMinCandidateCapacity);
  std::uint32_t max_launch = kMaxLaunch;
  std::vector<std::uint32_t> nonces;
  for (std::uint32_t done = 0; done < 100'000;) {
    const auto report = scan_by_launches(done, 100'000 - done, out, max_launch, launch);
    REQUIRE(report.ok);
    REQUIRE(report.scanned > 0);
    for (std::uint32_t i = 0; i < report.found; ++i)
      nonces.push_back(out[i].nonce);
    done += static_cast<std::uint32_t>(report.scanned);
  }
  REQUIRE(nonces.size() == 25'000);
  for (std::uint32_t i = 0; i < nonces.size(); ++i)
    REQUIRE(nonces[i] == 4 * i);
  CHECK(max_launch >= 1024);  // 256 candidates
  CHECK(max_launch <= 2048);
  CHECK(launches < 100);
}

TEST_CASE("a larger buffer is filled by several launches") {
  LaunchResult result;
  int launches = 0;
  std::vector<core::Candidate> out(5 * core::kMinCandidateCapacity);
  std::uint32_t max_launch = kMaxLaunch;
  const auto report = scan_by_launches(0, 100'000, out, max_launch,
                                       launch_of(result, launches, [](auto) { return true; }));
  CHECK(report.ok);
  CHECK(report.scanned == report.found);
  CHECK(report.found > 4 * core::kMinCandidateCapacity);
  CHECK(out[report.found - 1].nonce == report.found - 1);
}

TEST_CASE("a failed launch fails the whole slice") {
  LaunchResult result;
  int launches = 0;
  const auto good = launch_of(result, launches, [](auto) { return false; });
  std::vector<core::Candidate> out(core::kMinCandidateCapacity);
  std::uint32_t max_launch = 1000;
  const auto fails_third = [&](auto first, auto count, auto& busy) -> const LaunchResult* {
    return launches == 2 ? nullptr : good(first, count, busy);
  };
  const auto report = scan_by_launches(0, 5000, out, max_launch, fails_third);
  CHECK_FALSE(report.ok);
  CHECK(report.scanned == 0);
  CHECK(report.found == 0);
  CHECK(report.busy.count() == 2000);

  // A counter that cannot be true.
  const auto broken = [&](auto, auto count, auto&) -> const LaunchResult* {
    result.found = count + 1;
    return &result;
  };
  CHECK_FALSE(scan_by_launches(0, 100, out, max_launch, broken).ok);
}

}  // namespace
}  // namespace ebb::cuda
