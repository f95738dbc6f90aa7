// What a node client does when node, process or time fail: no found block is lost.

#include <fstream>

#include "tests/unit/catch.h"
#include "tests/unit/stratum/node_client_support.h"

namespace ebb::stratum::node {
namespace {

using namespace std::chrono_literals;

std::size_t submitted(RunningClient& client) {
  const std::lock_guard lock(client.chain.mutex);
  return client.chain.submitted.size();
}

}  // namespace

TEST_CASE("node client: a block found while the node is away is taken when it is back") {
  RunningClient client;
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  const core::JobPtr job = client.job();
  client.end_node();
  REQUIRE(client.until_remarked("mining goes on"));
  client.submit(solve(job));
  CHECK(client.files(".block").size() == 1);
  REQUIRE(client.until_remarked("is not judged yet: submitblock: "));
  CHECK(client.all<ShareJudged>().empty());
  CHECK(client.all<Disconnected>().empty());
  client.begin_node();
  REQUIRE(client.until_told<ShareJudged>());
  CHECK(client.all<ShareJudged>().at(0).accepted);
  CHECK(client.files(".block").empty());
  CHECK(client.until_remarked("answers again"));
}

TEST_CASE("node client: after its patience the work is void, and comes back with the node") {
  RunningClient client([](NodeClientConfig& config) { config.patience = 1ms; });
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  const std::uint64_t session = client.job()->session;
  client.end_node();
  REQUIRE(client.until_told<Disconnected>());
  client.begin_node();
  REQUIRE(client.until_told<JobReceived>(2));
  CHECK(client.job()->session > session);
}

TEST_CASE("node client: a killed process's block is submitted by the next one") {
  RunningClient client;
  client.chain.submit_answer = FakeNode::kHold;
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  const core::Share share = solve(client.job());
  client.submit(share);
  REQUIRE(client.until([&] { return submitted(client) == 1; }));
  client.kill();
  CHECK(client.files(".block").size() == 1);
  client.events.clear();

  std::ofstream(client.config().blocks_folder / "regtest" / "7-abc.block") << "half a block";
  {
    const std::lock_guard lock(client.chain.mutex);
    client.chain.submit_answer.reset();
  }
  client.start();
  REQUIRE(client.until_remarked(share.hash.to_display_hex() + ": accepted"));
  CHECK(client.until_remarked("7-abc.block holds no whole block"));
  const std::lock_guard lock(client.chain.mutex);
  CHECK(client.chain.submitted.at(1) == client.chain.submitted.at(0));
  CHECK(client.files(".block").size() == 1);  // the damaged one is left to people
  CHECK(client.all<ShareJudged>().empty());   // the share was the other process's
}

TEST_CASE("node client: stopping leaves an unjudged block on the disk") {
  RunningClient client([](NodeClientConfig& config) { config.drain_timeout = 1ms; });
  client.chain.submit_answer = FakeNode::kHold;
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  client.submit(solve(client.job()));
  REQUIRE(client.until([&] { return submitted(client) == 1; }));
  client.stop();
  CHECK(client.files(".block").size() == 1);
  const auto dropped = client.all<ShareDropped>();
  REQUIRE(dropped.size() == 1);
  CHECK(dropped[0].why == ShareDropped::Why::unanswered);
}

TEST_CASE("node client: a node that lacks the parent is asked until it has it") {
  RunningClient client([](NodeClientConfig& config) { config.delivery.unsettled_retry = 1ms; });
  client.chain.verdict = "prev-blk-not-found";
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  client.submit(solve(client.job()));
  REQUIRE(client.until([&] { return submitted(client) >= 3; }));
  CHECK(client.all<ShareJudged>().empty());
  {
    const std::lock_guard lock(client.chain.mutex);
    client.chain.verdict.clear();
  }
  REQUIRE(client.until_told<ShareJudged>());
  CHECK(client.all<ShareJudged>().at(0).accepted);
}

TEST_CASE("node client: a parent that never comes is a refusal in the end") {
  RunningClient client([](NodeClientConfig& config) {
    config.delivery.unsettled_retry = 1ms;
    config.delivery.unsettled_patience = 5ms;
  });
  client.chain.verdict = "rejected: bad-prevblk";
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  client.submit(solve(client.job()));
  REQUIRE(client.until_told<ShareJudged>());
  CHECK_FALSE(client.all<ShareJudged>().at(0).accepted);
  CHECK(client.files(".refused").size() == 1);
}

TEST_CASE("node client: what the node forgot it gets again, once") {
  RunningClient client;
  client.chain.long_polling = false;
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  const core::Share share = solve(client.job());
  client.submit(share);
  REQUIRE(client.until_told<JobReceived>(2));
  {
    const std::lock_guard lock(client.chain.mutex);
    client.chain.tip = share.header.prev_hash;
    client.chain.height = 100;
    client.chain.verdict = "duplicate";
  }
  REQUIRE(client.until_remarked("has forgotten block"));
  REQUIRE(client.until([&] { return submitted(client) == 2; }));
  // The node stays where it is: work on it is wanted again.
  REQUIRE(client.until_told<JobReceived>(3));
  {
    const std::lock_guard lock(client.chain.mutex);
    client.chain.verdict.clear();
  }
  REQUIRE(client.until([&] { return client.files(".block").empty(); }));
  client.submit(solve(client.job(), 1));
  REQUIRE(client.until_told<ShareJudged>(2));
  CHECK(client.all<ShareJudged>().at(1).accepted);
  CHECK(submitted(client) == 3);
}

TEST_CASE("node client: so does what it forgot while nobody mined") {
  RunningClient client;
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  const core::Share share = solve(client.job());
  client.submit(share);
  REQUIRE(client.until_told<ShareJudged>());
  client.kill();
  client.events.clear();
  {
    const std::lock_guard lock(client.chain.mutex);
    client.chain.tip = share.header.prev_hash;
    client.chain.height = 100;
  }
  client.start();
  REQUIRE(client.until_remarked("has forgotten block " + share.hash.to_display_hex()));
  REQUIRE(client.until([&] { return submitted(client) == 2; }));
  CHECK(client.until([&] { return client.files(".block").empty(); }));
}

TEST_CASE("node client: a template from before the accepted block gives no work") {
  RunningClient client;
  client.chain.submit_answer = FakeNode::kHold;
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  const core::Share share = solve(client.job());
  client.submit(share);
  REQUIRE(client.until([&] { return submitted(client) == 1; }));
  client.kill();
  client.events.clear();

  // The next client gets its verdict while the node still looks at its proposal.
  const auto proposals = [&] {
    const std::lock_guard lock(client.chain.mutex);
    return client.chain.proposals.size();
  };
  const std::size_t before = proposals();
  {
    const std::lock_guard lock(client.chain.mutex);
    client.chain.holds_proposals = true;
  }
  client.start();
  REQUIRE(client.until([&] { return submitted(client) == 2 && proposals() == before + 1; }));
  {
    const std::lock_guard lock(client.chain.mutex);
    client.chain.holds_proposals = false;
    client.chain.tip = share.hash;
    ++client.chain.height;
  }
  client.node().release(FakeNode::result(nullptr), "submitblock");
  REQUIRE(client.until_remarked(share.hash.to_display_hex() + ": accepted"));
  client.node().release(FakeNode::result(nullptr), "getblocktemplate");
  REQUIRE(client.until_told<JobReceived>());
  CHECK(client.all<JobReceived>().at(0).job->prev_hash == share.hash);
  CHECK(submitted(client) == 2);
}

TEST_CASE("node client: no mining where blocks cannot be kept") {
  RunningClient client;
  std::ofstream(client.config().blocks_folder) << "in the way";
  client.start();
  REQUIRE(client.until_told<Disconnected>());
  CHECK(client.all<Disconnected>().at(0).why.starts_with("blocks cannot be kept in "));
  CHECK(client.all<JobReceived>().empty());
}

}  // namespace ebb::stratum::node
