#include "cuda/card.h"

#include "tests/unit/catch.h"
#include "tests/unit/cuda/card_support.h"
#include "tests/unit/cuda/fake_runtime.h"

namespace ebb::cuda {
namespace {

using namespace std::chrono_literals;

const Tuning kTuning{{Layout::versions, Form::fma_adds, 64}, 256, 32};

struct Rig {
  Rig() : waiter(runtime) {
    params.threshold = 0;  // nothing is found
    params.version_bits = 5;
    params.batch = 32;
    params.batches = 200;
    runtime.card_info(0, info);
    card.emplace(runtime, 0, info, waiter);
  }

  /// All that one does with a card: nothing, or what went wrong.
  std::optional<std::string> use() {
    if (auto why = card->open()) return why;
    if (auto why = card->load(kTuning)) {
      card->close();
      return why;
    }
    return card->scan(kTuning, params).failure;
  }

  test::FakeRuntime runtime;
  test::FakeWaiter waiter;
  CardInfo info;
  ScanParams params{};
  std::optional<Card> card;
};

TEST_CASE("a scan is two launches at a time, of about 10 ms") {
  Rig rig;
  REQUIRE_FALSE(rig.use());
  // 200 batches of 50 us.
  CHECK(rig.runtime.batches_tried() == 200);
  CHECK(rig.runtime.most_in_flight() == 2);
  for (int i = 0; i < 10; ++i)
    REQUIRE_FALSE(rig.card->scan(kTuning, rig.params).failure);
  const unsigned before = rig.runtime.launches();
  rig.params.batches = 1000;
  const Card::Outcome outcome = rig.card->scan(kTuning, rig.params);
  CHECK(outcome.batches == 1000);
  CHECK(outcome.busy > 49ms);
  CHECK(outcome.busy < 55ms);
  const unsigned launches = rig.runtime.launches() - before;
  CHECK(launches >= 4);
  CHECK(launches <= 7);
  CHECK(rig.runtime.idle());
}

TEST_CASE("a card that is closed leaves nothing behind") {
  Rig rig;
  REQUIRE_FALSE(rig.use());
  CHECK(rig.runtime.left_behind() > 0);
  rig.card->close();
  CHECK(rig.runtime.left_behind() == 0);
  CHECK(rig.card->scan(kTuning, rig.params).failure);
  REQUIRE_FALSE(rig.use());
  rig.card.reset();
  CHECK(rig.runtime.left_behind() == 0);
}

TEST_CASE("whatever CUDA call fails, the card says so, is closed, and works again after a reset") {
  unsigned calls = 0;
  {
    Rig rig;
    rig.params.batches = 40;
    const unsigned before = rig.runtime.calls();
    REQUIRE_FALSE(rig.use());
    calls = rig.runtime.calls() - before;
  }
  REQUIRE(calls > 30);
  for (unsigned call = 0; call < calls; ++call) {
    INFO("call " << call << " of " << calls);
    Rig rig;
    rig.params.batches = 40;
    rig.runtime.fail_at = rig.runtime.calls() + call;
    CHECK(rig.use() == "error 719");
    CHECK_FALSE(rig.card->is_open());
    CHECK(rig.runtime.left_behind() == 0);
    const std::uint64_t before = rig.runtime.batches_tried();
    CHECK_FALSE(rig.use());
    CHECK(rig.runtime.batches_tried() == before + 40);
  }
}

TEST_CASE("a card that never works again keeps saying so") {
  Rig rig;
  REQUIRE_FALSE(rig.use());
  rig.runtime.failure_stays = true;
  rig.runtime.fail_at = rig.runtime.calls() + 5;
  for (int i = 0; i < 3; ++i)
    CHECK(rig.use() == "error 719");
}

TEST_CASE("an interrupt in the middle of a launch ends the scan after the batches begun") {
  for (const unsigned at : {0u, 1u, 17u, 120u, 199u}) {
    INFO("in batch " << at);
    Rig rig;
    REQUIRE_FALSE(rig.use());
    const std::uint64_t before = rig.runtime.batches_tried();
    rig.runtime.before_batch = [&] {
      if (rig.runtime.batches_tried() == before + at) rig.waiter.interrupt();
    };
    const Card::Outcome outcome = rig.card->scan(kTuning, rig.params);
    CHECK_FALSE(outcome.failure);
    CHECK(outcome.interrupted);
    CHECK(outcome.batches == rig.runtime.batches_tried() - before);
    CHECK(outcome.batches >= at);
    CHECK(outcome.batches <= at + 4);
    CHECK(rig.runtime.idle());
    // The next scan is none the wiser.
    rig.runtime.before_batch = nullptr;
    const Card::Outcome next = rig.card->scan(kTuning, rig.params);
    CHECK_FALSE(next.interrupted);
    CHECK(next.batches == 200);
  }
}

TEST_CASE("an interrupt between scans ends the next one before it begins") {
  Rig rig;
  REQUIRE_FALSE(rig.use());
  rig.waiter.interrupt();
  const std::uint64_t before = rig.runtime.batches_tried();
  const Card::Outcome outcome = rig.card->scan(kTuning, rig.params);
  CHECK(outcome.interrupted);
  CHECK(outcome.batches == 0);
  CHECK(rig.runtime.batches_tried() == before);
  CHECK_FALSE(rig.card->scan(kTuning, rig.params).interrupted);
}

TEST_CASE("a launch that never ends is noticed, and the card is not asked to reset over it") {
  Rig rig;
  REQUIRE_FALSE(rig.use());
  rig.runtime.hangs = true;
  const auto began = rig.runtime.now();
  const unsigned resets = rig.runtime.resets();
  CHECK(rig.use() == "a launch does not end");
  CHECK(rig.runtime.now() - began < 10s);
  CHECK(rig.use() == "still in a launch that hangs");
  CHECK(rig.runtime.resets() == resets);
  // It comes to its senses.
  rig.runtime.hangs = false;
  rig.runtime.advance(1s);
  const auto again = rig.use();
  INFO(again.value_or(""));
  CHECK_FALSE(again);
  CHECK(rig.runtime.resets() == resets + 1);
}

TEST_CASE("a card that hangs for good is left alone when its device goes") {
  test::FakeRuntime runtime;
  unsigned resets = 0;
  {
    test::FakeWaiter waiter(runtime);
    CardInfo info;
    runtime.card_info(0, info);
    Card card(runtime, 0, info, waiter);
    REQUIRE_FALSE(card.open());
    REQUIRE_FALSE(card.load(kTuning));
    runtime.hangs = true;
    ScanParams params{};
    params.batch = 32;
    params.batches = 10;
    REQUIRE(card.scan(kTuning, params).failure);
    resets = runtime.resets();
  }
  CHECK(runtime.resets() == resets);
}

TEST_CASE("a scan ends with the first launch that found something") {
  Rig rig;
  REQUIRE_FALSE(rig.use());
  rig.params.batches = 2000;
  rig.params.threshold = 0x000fffff;  // one in 4,096
  const Card::Outcome outcome = rig.card->scan(kTuning, rig.params);
  CHECK_FALSE(outcome.interrupted);
  CHECK(outcome.found > 0);
  CHECK(outcome.batches < 1500);
}

TEST_CASE("kernels that a card lacks are refused, the others work") {
  Rig rig;
  REQUIRE_FALSE(rig.card->open());
  rig.runtime.not_built.insert("versions-fma_adds-64");
  CHECK(rig.card->load(kTuning) == "error 98");
  CHECK(rig.card->is_open());
  Tuning other = kTuning;
  other.variant.form = Form::plain;
  CHECK_FALSE(rig.card->load(other));
  CHECK_FALSE(rig.card->scan(other, rig.params).failure);
  rig.runtime.blocks_a_multiprocessor = 0;
  other.block = 1024;
  CHECK(rig.card->load(other) == "asks too much of a multiprocessor");
}

}  // namespace
}  // namespace ebb::cuda
