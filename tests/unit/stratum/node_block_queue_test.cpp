#include "stratum/node/block_queue.h"

#include "tests/unit/catch.h"
#include "tests/unit/stratum/node_support.h"

namespace ebb::stratum::node {
namespace {

/// Keeps what is submitted until the test decides.
class ManualSource : public TemplateSource {
 public:
  void start(Listener) override {}
  void stop() override {}
  void submit_block(SolvedBlock block, std::function<void(BlockResult)> done) override {
    submitted.push_back(std::move(block));
    done_ = std::move(done);
  }

  void decide(bool accepted) { std::exchange(done_, {})({accepted, accepted ? "accepted" : "no"}); }

  std::vector<SolvedBlock> submitted;

 private:
  std::function<void(BlockResult)> done_;
};

SolvedBlock block_of(std::uint8_t hash, std::uint8_t prev_hash) {
  return {some_hash(hash), some_hash(prev_hash), 7, {}};
}

}  // namespace

TEST_CASE("block queue: one at a time, and no siblings of an accepted one") {
  ManualSource source;
  std::vector<bool> results;
  BlockQueue queue(source, [&](const SolvedBlock&, const BlockResult& result) {
    results.push_back(result.accepted);
  });
  queue.add(block_of(1, 100));
  queue.add(block_of(2, 100));
  queue.add(block_of(3, 100));
  queue.add(block_of(4, 101));
  REQUIRE(source.submitted.size() == 1);
  CHECK(source.submitted[0].hash == some_hash(1));

  source.decide(false);  // the next sibling may be better
  REQUIRE(source.submitted.size() == 2);
  CHECK(source.submitted[1].hash == some_hash(2));

  source.decide(true);  // the third is worthless now
  REQUIRE(source.submitted.size() == 3);
  CHECK(source.submitted[2].hash == some_hash(4));
  CHECK_FALSE(queue.wants(some_hash(100)));
  CHECK(queue.wants(some_hash(101)));
  queue.add(block_of(5, 100));

  source.decide(true);
  CHECK(source.submitted.size() == 3);
  CHECK(results == std::vector<bool>{false, true, true});
  queue.add(block_of(6, 102));
  CHECK(source.submitted.size() == 4);
}

TEST_CASE("block queue: what waits is bounded") {
  ManualSource source;
  BlockQueue queue(source, [](const SolvedBlock&, const BlockResult&) {});
  for (std::uint8_t i = 0; i < 50; ++i)
    queue.add(block_of(i, 100));
  CHECK_FALSE(queue.wants(some_hash(100)));
  for (std::size_t i = 0; i < BlockQueue::kMaxWaiting + 1; ++i)
    source.decide(false);
  CHECK(source.submitted.size() == BlockQueue::kMaxWaiting + 1);
  CHECK(queue.wants(some_hash(100)));
}

}  // namespace ebb::stratum::node
