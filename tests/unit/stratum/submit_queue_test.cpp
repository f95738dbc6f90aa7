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

const SubmitQueue::Clock::time_point kStart{1000s};

}  // namespace

TEST_CASE("submit queue: the best hash goes first") {
  SubmitQueue queue;
  for (const std::uint32_t rank : {5u, 2u, 9u})
    CHECK(queue.push(share_of(rank)) == SubmitQueue::Push::queued);
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
  CHECK(queue.next_in(kStart) == 100ms);
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
  CHECK(queue.push(share_of(6)) == SubmitQueue::Push::dropped_worst);
  CHECK(rank_of(*queue.pop(kStart)) == 5);
  CHECK(rank_of(*queue.pop(kStart + 2s)) == 6);
  CHECK_FALSE(queue.pop(kStart + 9s));
}

TEST_CASE("submit queue: no header is sent twice, waiting or sent") {
  SubmitQueue queue;
  queue.push(share_of(1));
  CHECK(queue.push(share_of(1)) == SubmitQueue::Push::duplicate);
  queue.pop(kStart);
  CHECK(queue.push(share_of(1)) == SubmitQueue::Push::duplicate);
  CHECK(queue.clear() == 0);
}

TEST_CASE("submit queue: what it remembers is bounded") {
  SubmitQueue queue({.per_second = 1e9, .burst = 1000, .waiting = 10, .remembered = 4});
  for (std::uint32_t i = 0; i < 10; ++i) {
    queue.push(share_of(i));
    queue.pop(kStart + std::chrono::seconds(i));
  }
  CHECK(queue.push(share_of(0)) == SubmitQueue::Push::queued);
  CHECK(queue.push(share_of(9)) == SubmitQueue::Push::duplicate);
}
