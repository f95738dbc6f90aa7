#include "miner/open_cards.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "tests/unit/catch.h"
#include "tests/unit/cuda/fake_runtime.h"

namespace ebb::miner {
namespace {

/// An emulated card that an earlier run tuned.
struct Rig {
  Rig() {
    kept.versions = {{cuda::Layout::versions, cuda::Form::fma_shifts, 48}, 128, 16};
    kept.nonces = {{cuda::Layout::nonces, cuda::Form::plain, 64}, 256, 512};
    cuda::CardInfo info;
    runtime->card_info(0, info);
    REQUIRE(cache.keep(info, kept));
  }
  ~Rig() { std::filesystem::remove(file); }

  auto open(std::string_view devices) {
    const auto waiter = [this] { return std::make_unique<test::FakeWaiter>(*runtime); };
    cards.emplace(runtime, waiter, answers);
    return open_cards(*cards, read_wanted(devices), false, cache, log);
  }

  std::filesystem::path file = std::filesystem::temp_directory_path() /
                               ("ebb-open-cards-" + std::to_string(::getpid()) + ".json");
  cuda::TuningCache cache{file, "a build"};
  cuda::TuningPair kept;
  std::shared_ptr<test::FakeRuntime> runtime = std::make_shared<test::FakeRuntime>();
  std::shared_ptr<const cuda::KnownAnswers> answers = std::make_shared<const cuda::KnownAnswers>(
      cuda::KnownAnswers::Sizes{.nonces = 3, .hashes = 2048, .breadth = 200});
  std::optional<cuda::CudaCards> cards;
  std::ostringstream text;
  spdlog::logger log{"test", std::make_shared<spdlog::sinks::ostream_sink_st>(text)};
};

TEST_CASE("open cards: with the tuning kept from before, ready to scan") {
  Rig rig;
  auto open = rig.open("cuda:0");
  REQUIRE(open);
  REQUIRE(open->size() == 1);
  OpenCard& card = open->front();
  CHECK(card.id.device == "cuda:0");
  CHECK(card.id.pci_bus_id == "0000:00:00.0");
  CHECK(card.device->tuning() == rig.kept);
  CHECK(rig.text.str().find("cuda:0 (Emulated): tuning kept from before: versions-fma_shifts-48") !=
        std::string::npos);

  core::ScanInput input;
  input.midstate_count = 32;
  input.threshold = 0xffffffff;
  card.device->prepare(input);
  std::vector<core::Candidate> out(core::kMinCandidateCapacity);
  const auto report = card.device->scan(0, 16, out);
  CHECK(report.ok);
  CHECK(report.found == 16 * 32);
}

TEST_CASE("open cards: one that is named and not there, or fails, is an error") {
  Rig rig;
  const auto missing = rig.open("cuda:3");
  REQUIRE_FALSE(missing);
  CHECK(missing.error() == "--devices: there is no cuda:3");

  rig.runtime->failure_stays = true;
  rig.runtime->fail_at = rig.runtime->calls() + 5;  // the card is found and cannot be opened
  const auto failed = rig.open("cuda:0,cpu");
  REQUIRE_FALSE(failed);
  CHECK(failed.error().find("--devices: cuda:0: ") == 0);
}

TEST_CASE("open cards: a card must give all known answers with what it is tuned to") {
  Rig rig;
  auto open = rig.open("cuda:0");
  REQUIRE(open);
  // As many batches again, for a proof: what the tuning's trial compared is only a part of it.
  const std::uint64_t in_all = rig.runtime->batches_tried();
  REQUIRE_FALSE(open->front().device->prove());
  const std::uint64_t of_a_proof = rig.runtime->batches_tried() - in_all;
  CHECK(in_all > of_a_proof);

  // A card that misses a batch now and then, from the proof's middle on.
  Rig broken;
  broken.runtime->before_batch = [&] {
    if (broken.runtime->batches_tried() == in_all - of_a_proof / 2)
      broken.runtime->loses_candidates = true;
  };
  const auto failed = broken.open("cuda:0");
  REQUIRE_FALSE(failed);
  CHECK(failed.error().find("--devices: cuda:0: failed its self-test: ") == 0);
}

TEST_CASE("open cards: of several unnamed ones those that fail are left out with a warning") {
  Rig rig;
  rig.runtime->failure_stays = true;
  rig.runtime->fail_at = rig.runtime->calls() + 5;
  const auto open = rig.open("auto");
  REQUIRE(open);
  CHECK(open->empty());
  CHECK(rig.text.str().find("left out") != std::string::npos);

  const auto required = rig.open("cuda");
  REQUIRE_FALSE(required);
  CHECK(required.error().find("--devices: no CUDA device: ") == 0);
}

TEST_CASE("open cards: none is fine unless one was asked for") {
  Rig rig;
  rig.runtime->failure_stays = true;
  rig.runtime->fail_at = rig.runtime->calls();
  CHECK(rig.open("auto"));
  const auto required = rig.open("cuda");
  REQUIRE_FALSE(required);
  CHECK(required.error() == "--devices: no CUDA device: error 719");
}

}  // namespace
}  // namespace ebb::miner
