#include "cuda/known_answers.h"

#include "cuda/cuda_device.h"
#include "tests/unit/catch.h"
#include "tests/unit/cuda/fake_runtime.h"

namespace ebb::cuda {
namespace {

enum class Fault {
  none,
  drops_first_nonce,
  drops_last_nonce,
  drops_last_version,
  drops_now_and_then,  ///< one batch in fifty, not the same ones at every scan
  threshold_too_low,
  threshold_too_high,
  ignores_a_threshold_bit,
  invents,
  repeats,
  wrong_version,
  says_that_more_was_scanned,
  fails,
  stalls,
};

/// The emulated card with something wrong between it and the engine.
class FaultyDevice final : public core::Device {
 public:
  explicit FaultyDevice(Fault fault, unsigned bit = 0)
      : fault_(fault),
        bit_(bit),
        device_(runtime_, 0, CardInfo{"Emulated", "0000:01:00.0", 90, 2, 13000}, nothing_asked(),
                std::make_unique<test::FakeWaiter>(*runtime_)) {}

  const core::DeviceInfo& info() const override { return device_.info(); }

  void prepare(const core::ScanInput& input) override {
    core::ScanInput changed = input;
    versions_ = input.midstate_count;
    if (fault_ == Fault::threshold_too_low && input.threshold > 0) --changed.threshold;
    if (fault_ == Fault::threshold_too_high && input.threshold < 0xffffffff) ++changed.threshold;
    if (fault_ == Fault::ignores_a_threshold_bit) changed.threshold |= std::uint32_t{1} << bit_;
    device_.prepare(changed);
  }

  core::ScanReport scan(std::uint32_t first, std::uint64_t count,
                        std::span<core::Candidate> out) override {
    if (fault_ == Fault::fails) return {.ok = false};
    if (fault_ == Fault::stalls) return {};
    core::ScanReport report = device_.scan(first, count, out);
    ++scans_;
    const auto last = static_cast<std::uint32_t>(first + report.scanned - 1);
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < report.found; ++i) {
      core::Candidate candidate = out[i];
      if (fault_ == Fault::drops_first_nonce && candidate.nonce == first) continue;
      if (fault_ == Fault::drops_last_nonce && candidate.nonce == last) continue;
      if (fault_ == Fault::drops_last_version && versions_ > 1 &&
          candidate.midstate + 1 == versions_)
        continue;
      if (fault_ == Fault::drops_now_and_then && (candidate.nonce / 32 + scans_) % 50 == 0)
        continue;
      if (fault_ == Fault::wrong_version) candidate.midstate ^= 1;
      out[kept++] = candidate;
    }
    report.found = kept;
    if (fault_ == Fault::repeats && kept > 0 && kept < out.size()) {
      out[kept] = out[kept - 1];
      ++report.found;
    }
    if (fault_ == Fault::invents && kept < out.size()) out[report.found++] = {first, 0};
    if (fault_ == Fault::says_that_more_was_scanned) report.scanned = count;
    return report;
  }

 private:
  static std::shared_ptr<const KnownAnswers> nothing_asked() {
    static const auto kNone = std::make_shared<const KnownAnswers>(
        KnownAnswers::Sizes{.nonces = 1, .hashes = 64, .breadth = 1});
    return kNone;
  }

  Fault fault_;
  unsigned bit_;
  unsigned versions_ = 0;
  unsigned scans_ = 0;
  std::shared_ptr<test::FakeRuntime> runtime_ = std::make_shared<test::FakeRuntime>();
  CudaDevice device_;
};

const KnownAnswers& answers() {
  static const KnownAnswers kAnswers({.nonces = 35, .hashes = 4096, .breadth = 4000});
  return kAnswers;
}

TEST_CASE("a card that computes rightly gives the known answers") {
  FaultyDevice device(Fault::none);
  CHECK(answers().check(device) == std::nullopt);
}

TEST_CASE("the known answers catch every fault") {
  const auto fault =
      GENERATE(Fault::drops_first_nonce, Fault::drops_last_nonce, Fault::drops_last_version,
               Fault::drops_now_and_then, Fault::threshold_too_low, Fault::threshold_too_high,
               Fault::invents, Fault::repeats, Fault::wrong_version,
               Fault::says_that_more_was_scanned, Fault::fails, Fault::stalls);
  INFO(static_cast<int>(fault));
  FaultyDevice device(fault);
  CHECK(answers().check(device) != std::nullopt);
}

TEST_CASE("the known answers catch a threshold with a bit stuck, for one version and for many") {
  for (const unsigned bit : {0u, 9u, 16u, 31u}) {
    INFO("bit " << bit);
    FaultyDevice device(Fault::ignores_a_threshold_bit, bit);
    CHECK(answers().check_one_version(device) != std::nullopt);
    CHECK(answers().check_versions(device) != std::nullopt);
  }
}

TEST_CASE("a card that now and then misses a batch is caught by comparing it with itself") {
  // Too rare for the known answers: only the wide range notices, where each kernel misses others.
  const KnownAnswers wide({.nonces = 1, .hashes = 32, .breadth = 1u << 14});
  FaultyDevice device(Fault::drops_now_and_then);
  CHECK(wide.check(device) != std::nullopt);
}

}  // namespace
}  // namespace ebb::cuda
