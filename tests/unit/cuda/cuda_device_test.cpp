#include "cuda/cuda_device.h"

#include "cuda/cuda_cards.h"
#include "tests/unit/catch.h"
#include "tests/unit/cuda/card_support.h"
#include "tests/unit/cuda/fake_runtime.h"

namespace ebb::cuda {
namespace {

using test::Headers;
using test::keys_of;

std::shared_ptr<const KnownAnswers> short_answers() {
  static const auto kAnswers = std::make_shared<const KnownAnswers>(
      KnownAnswers::Sizes{.nonces = 3, .hashes = 2048, .breadth = 200});
  return kAnswers;
}

struct Rig {
  Rig() {
    CardInfo info;
    runtime->card_info(0, info);
    device.emplace(runtime, 0, info, short_answers(), std::make_unique<test::FakeWaiter>(*runtime));
  }

  core::ScanReport scan(std::uint32_t first, std::uint64_t count) {
    return device->scan(first, count, out);
  }

  /// The whole range, as the engine would go through it.
  std::vector<Headers::Key> scan_all(std::uint32_t first, std::uint64_t count) {
    std::vector<Headers::Key> keys;
    for (std::uint64_t done = 0; done < count;) {
      const auto report = scan(static_cast<std::uint32_t>(first + done), count - done);
      REQUIRE(report.ok);
      REQUIRE((report.scanned > 0 || report.interrupted));
      REQUIRE(report.scanned <= count - done);
      for (std::uint32_t i = 0; i < report.found; ++i)
        keys.emplace_back(out[i].nonce, out[i].midstate);
      done += report.scanned;
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  std::shared_ptr<test::FakeRuntime> runtime = std::make_shared<test::FakeRuntime>();
  std::optional<CudaDevice> device;
  std::vector<core::Candidate> out = std::vector<core::Candidate>(core::kMinCandidateCapacity);
};

TEST_CASE("a CUDA device finds what the oracle finds, with 1 to 32 versions, near and far") {
  Rig rig;
  for (const unsigned versions : {1u, 2u, 3u, 16u, 31u, 32u}) {
    const Headers headers(versions);
    rig.device->prepare(headers.input);
    for (const auto& [first, count] : {std::pair{0u, 1u}, {7u, 333u}, {0u - 100u, 100u}}) {
      INFO(versions << " versions, " << count << " nonces from " << first);
      CHECK(rig.scan_all(first, count) == headers.expected(first, count));
    }
  }
  CHECK(rig.device->info().name == "cuda:0");
  CHECK(rig.device->info().max_midstates == core::kMaxMidstates);
}

TEST_CASE("an empty range is scanned at once") {
  Rig rig;
  rig.device->prepare(Headers(1).input);
  const auto report = rig.scan(5, 0);
  CHECK(report.ok);
  CHECK(report.scanned == 0);
  CHECK(report.found == 0);
}

TEST_CASE("when more is found than there is room for, it is scanned again and nothing is lost") {
  for (const unsigned versions : {1u, 5u, 32u}) {
    Rig rig;
    const Headers headers(versions, 0xffffffff);
    rig.device->prepare(headers.input);
    const std::uint32_t count = 3 * kScanCapacity / versions + 17;
    CHECK(rig.scan_all(1000, count) == headers.expected(1000, count));
  }
}

TEST_CASE("an interrupted scan reports exactly what was tried") {
  Rig rig;
  const Headers headers(32, 0x000fffff);
  rig.device->prepare(headers.input);
  rig.scan_all(0, 32);  // opens the card
  const std::uint64_t before = rig.runtime->batches_tried();
  rig.runtime->before_batch = [&] {
    if (rig.runtime->batches_tried() == before + 30) rig.device->interrupt();
  };
  const auto report = rig.scan(64, 32 * 100);
  CHECK(report.ok);
  CHECK(report.interrupted);
  CHECK(report.scanned == 32 * (rig.runtime->batches_tried() - before));
  CHECK(report.scanned < 32 * 100);
  CHECK(keys_of({rig.out.data(), report.found}) == headers.expected(64, report.scanned));
  CHECK(report.busy.count() > 0);
}

TEST_CASE("a card proves itself before it scans, and after every failure") {
  Rig rig;
  const Headers headers(2);
  rig.device->prepare(headers.input);
  rig.runtime->wrong_hashes = true;
  CHECK_FALSE(rig.scan(0, 64).ok);
  CHECK(rig.device->failure().find("failed its self-test: wrong result with 1 versions") == 0);
  CHECK(rig.runtime->left_behind() == 0);
  rig.runtime->wrong_hashes = false;
  rig.runtime->loses_candidates = true;
  CHECK_FALSE(rig.scan(0, 64).ok);
  CHECK(rig.device->failure().find("failed its self-test") == 0);
  rig.runtime->loses_candidates = false;
  CHECK(rig.scan_all(0, 64) == headers.expected(0, 64));  // the input is still there
  CHECK_FALSE(rig.device->prove());

  rig.runtime->fail_at = rig.runtime->calls() + 3;
  CHECK_FALSE(rig.scan(0, 64).ok);
  CHECK(rig.device->failure() == "error 719");
  const std::uint64_t before = rig.runtime->batches_tried();
  CHECK(rig.scan_all(0, 64) == headers.expected(0, 64));
  CHECK(rig.runtime->batches_tried() > before + 100);  // the proof
}

TEST_CASE("an interrupt during the proof ends the scan that asked for it") {
  Rig rig;
  const Headers headers(32);
  rig.device->prepare(headers.input);
  rig.runtime->before_batch = [&] {
    if (rig.runtime->batches_tried() == 50) rig.device->interrupt();
  };
  const auto report = rig.scan(0, 1u << 20);
  CHECK(report.ok);
  CHECK(report.interrupted);
  CHECK(report.scanned == 0);
  CHECK_FALSE(rig.scan(0, 64).interrupted);
}

TEST_CASE("candidates that cannot be are a failure of the card") {
  const Headers headers(32);
  Rig rig;
  rig.device->prepare(headers.input);
  rig.scan_all(0, 32);
  rig.runtime->foreign_nonces = true;
  CHECK_FALSE(rig.scan(0, 64).ok);
  CHECK(rig.device->failure() == "found a nonce that it was not given");
  rig.runtime->foreign_nonces = false;
  rig.scan_all(0, 32);
  rig.runtime->counts_too_many = true;
  CHECK_FALSE(rig.scan(0, 64).ok);
  CHECK(rig.device->failure() == "found more than it tried");
}

TEST_CASE("a card that hangs is a failure, and comes back when the launch ends") {
  const Headers headers(32);
  Rig rig;
  rig.device->prepare(headers.input);
  rig.scan_all(0, 32);
  rig.runtime->hangs = true;
  CHECK_FALSE(rig.scan(0, 64).ok);
  CHECK(rig.device->failure() == "a launch does not end");
  CHECK_FALSE(rig.scan(0, 64).ok);
  CHECK(rig.device->failure() == "still in a launch that hangs");
  rig.runtime->hangs = false;
  rig.runtime->advance(std::chrono::seconds(1));
  CHECK(rig.scan_all(0, 64) == headers.expected(0, 64));
}

TEST_CASE("a released card holds nothing and comes back with the next scan") {
  const Headers headers(32);
  Rig rig;
  rig.device->prepare(headers.input);
  rig.scan_all(0, 32);
  CHECK(rig.runtime->left_behind() > 0);
  rig.device->release();
  CHECK(rig.runtime->left_behind() == 0);
  CHECK(rig.scan_all(0, 64) == headers.expected(0, 64));
}

TEST_CASE("a device scans with what it is tuned to, whatever the kernel") {
  const Headers all(32), one(1);
  Rig rig;
  for (const Variant& variant : kVariants) {
    const bool versions = variant.layout == Layout::versions;
    for (const unsigned batch : {8u, 16u, 32u}) {
      INFO(name_of(variant) << ", batch " << batch);
      TuningPair pair;
      if (versions) pair.versions = {variant, 128, batch};
      if (!versions) pair.nonces = {variant, 128, batch * 32};
      rig.device->tune(pair);
      const Headers& headers = versions ? all : one;
      rig.device->prepare(headers.input);
      CHECK(rig.scan_all(3, 300) == headers.expected(3, 300));
    }
  }
}

TEST_CASE("a variant that this card lacks is a failure that names it") {
  Rig rig;
  rig.runtime->not_built.insert("versions-fma_adds-64");
  rig.device->prepare(Headers(32).input);
  CHECK_FALSE(rig.scan(0, 64).ok);
  CHECK(rig.device->failure().find("versions-fma_adds-64, 256 threads") == 0);
}

TEST_CASE("a device refuses versions that it would not scan") {
  Rig rig;
  core::ScanInput input;
  for (const unsigned versions : {0u, core::kMaxMidstates + 1}) {
    input.midstate_count = versions;
    rig.device->prepare(input);
    CHECK_FALSE(rig.scan(0, 1000).ok);
  }
}

TEST_CASE("cards are found without touching them; a missing one is named") {
  const auto runtime = std::make_shared<test::FakeRuntime>();
  const auto waiter = [&] { return std::make_unique<test::FakeWaiter>(*runtime); };
  CudaCards cards(runtime, waiter, short_answers());
  REQUIRE(cards.found().size() == 1);
  CHECK(cards.found()[0].device == "cuda:0");
  CHECK(cards.found()[0].info.name == "Emulated");
  CHECK(cards.reason().empty());
  CHECK(runtime->left_behind() == 0);

  runtime->fail_at = runtime->calls() + 1;
  CudaCards broken(runtime, waiter, short_answers());
  CHECK(broken.found().empty());
  CHECK(broken.reason() == "cuda:0: error 719");

  const auto none = std::make_shared<test::FakeRuntime>();
  none->fail_at = 0;
  CHECK(CudaCards(none, waiter, short_answers()).reason() == "error 719");
}

}  // namespace
}  // namespace ebb::cuda
