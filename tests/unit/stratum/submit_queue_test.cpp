#include "stratum/submit_queue.h"

#include "tests/unit/catch.h"

using namespace ebb;
using namespace std::chrono_literals;
using stratum::SubmitQueue;

namespace {

/// A share whose hash is `rank` as a number: smaller is better.
core::Share share_of(std::uint32_t rank) {
  core::Share share;
  core::store_le32(share.hash.bytes.data(), rank);
  return share;
}

std::uint32_t rank_of(const core::Share& share) {
  return core::load_le32(share.hash.bytes.data());
}

bool is_duplicate(const std::optional<SubmitQueue::Dropped>& dropped) {
  return dropped && dropped->why == SubmitQueue::Dropped::Why::duplicate;
}

const SubmitQueue::Clock::time_point kStart{1000s};

}  // namespace

TEST_CASE("submit queue: the best hash goes first") {
  SubmitQueue queue;
  for (const std::uint32_t rank : {5u, 2u, 9u})
    CHECK_FALSE(queue.push(share_of(rank)));
  CHECK(rank_of(*queue.pop(kStart)) == 2);
  CHECK(rank_of(*queue.pop(kStart)) == 5);
  CHECK(rank_of(*queue.pop(kStart)) == 9);
  CHECK_FALSE(queue.pop(kStart));
}

TEST_CASE("submit queue: the rate is bounded and the burst is not exceeded") {
  SubmitQueue queue({.per_second = 10, .burst = 3, .waiting = 1000, .remembered = 1000});
  for (std::uint32_t i = 0; i < 100; ++i)
    queue.push(share_of(i));
  int sent = 0;
  while (queue.pop(kStart))
    ++sent;
  CHECK(sent == 3);
  CHECK_FALSE(queue.pop(kStart + 99ms));
  for (auto t = 0ms; t <= 5000ms; t += 10ms) {
    while (queue.pop(kStart + t))
      ++sent;
  }
  CHECK(sent >= 52);
  CHECK(sent <= 53);
}

TEST_CASE("submit queue: a full queue drops the worst share") {
  SubmitQueue queue({.per_second = 1, .burst = 1, .waiting = 2, .remembered = 10});
  queue.push(share_of(5));
  queue.push(share_of(7));
  const auto dropped = queue.push(share_of(6));
  REQUIRE(dropped);
  CHECK(dropped->why == SubmitQueue::Dropped::Why::worst);
  CHECK(rank_of(dropped->share) == 7);
  CHECK(rank_of(*queue.pop(kStart)) == 5);
  CHECK(rank_of(*queue.pop(kStart + 2s)) == 6);
  CHECK_FALSE(queue.pop(kStart + 9s));
}

TEST_CASE("submit queue: no header is sent twice, waiting or sent") {
  SubmitQueue queue;
  queue.push(share_of(1));
  CHECK(is_duplicate(queue.push(share_of(1))));
  queue.pop(kStart);
  CHECK(is_duplicate(queue.push(share_of(1))));
  CHECK(queue.clear().empty());
}

TEST_CASE("submit queue: what it remembers is bounded") {
  SubmitQueue queue({.per_second = 1e9, .burst = 1000, .waiting = 10, .remembered = 4});
  for (std::uint32_t i = 0; i < 10; ++i) {
    queue.push(share_of(i));
    queue.pop(kStart + std::chrono::seconds(i));
  }
  CHECK_FALSE(queue.push(share_of(0)));
  CHECK(is_duplicate(queue.push(share_of(9))));
}

TEST_CASE("submit queue: what is sent again takes its turn like the rest") {
  SubmitQueue queue({.per_second = 10, .burst = 2, .waiting = 10, .remembered = 10});
  queue.push(share_of(1));
  CHECK(queue.take_turn(kStart));
  CHECK(queue.pop(kStart));
  CHECK_FALSE(queue.take_turn(kStart));
  CHECK(queue.take_turn(kStart + 100ms));
}

TEST_CASE("submit queue: what is given up comes back, best first") {
  SubmitQueue queue;
  for (const std::uint32_t rank : {5u, 2u, 9u})
    queue.push(share_of(rank));
  const auto shares = queue.clear();
  REQUIRE(shares.size() == 3);
  CHECK(rank_of(shares[0]) == 2);
  CHECK(rank_of(shares[2]) == 9);
  CHECK_FALSE(queue.pop(kStart));
}
