#include "stratum/node/node_client.h"

#include <fstream>

#include "tests/unit/catch.h"
#include "tests/unit/stratum/node_client_support.h"

namespace ebb::stratum::node {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

std::size_t count(const RunningClient& client) {
  return client.all<JobReceived>().size();
}

}  // namespace

TEST_CASE("node client: a template becomes a job") {
  RunningClient client;
  client.chain.more = {{"vbavailable", {{"testdummy", 13}}}, {"vbrequired", 1 << 14}};
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  const core::JobPtr job = client.job();
  CHECK(job->pool == 7);
  CHECK(job->version == 0x20000000);
  CHECK(job->rollable_bits() == 0x1fff8000);  // BIP 320's, but for the two that have a meaning
  CHECK(job->prev_hash == some_hash(0x77));
  CHECK(job->bits == 0x207fffff);
  CHECK(job->share_target == job->network_target);
  CHECK(job->time == kTime);
  CHECK(job->clean);
  const std::string suffix = core::to_hex(job->coinbase_suffix);
  CHECK(suffix.find("00f2052a01000000"
                    "160014751e76e8199196d454941c45d1b3a323f1433bd6") != std::string::npos);
  CHECK(suffix.find("266a24aa21a9ed" + std::string(64, 'e')) != std::string::npos);
  // Height 100, the tag, and a push of both parts of the extranonce.
  CHECK(core::to_hex(job->coinbase_prefix)
            .find("01640"
                  "52f6562622f0c") != std::string::npos);

  const auto connecting = client.all<Connecting>();
  CHECK(connecting.at(0).address == "http://127.0.0.1:" + std::to_string(client.node().port()));
  CHECK(client.all<Connected>().size() == 1);
  CHECK(client.all<VersionRolling>().at(0).mask == 0x1fff8000);
  CHECK(client.all<DifficultyChanged>().at(0).difficulty < 1e-9);
  const std::lock_guard lock(client.chain.mutex);
  CHECK(client.chain.template_requests.at(0).at("rules") == json::array{"segwit"});
}

TEST_CASE("node client: a block lies on the disk when the node gets it, and until it is judged") {
  RunningClient client;
  std::vector<std::string> on_disk;
  client.chain.on_submit = [&] { on_disk = client.files(".block"); };
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  const core::Share share = solve(client.job(), 3, 0x1abc2000);
  client.submit(share);
  REQUIRE(client.until_told<ShareJudged>());
  const ShareJudged judged = client.all<ShareJudged>().at(0);
  CHECK(judged.accepted);
  CHECK(judged.share.hash == share.hash);
  CHECK(judged.latency > 0ns);
  CHECK(on_disk == std::vector{"100-" + share.hash.to_display_hex() + ".block"});
  CHECK(client.files(".block").empty());
  CHECK(client.files(".accepted").size() == 1);
  CHECK(client.until_remarked("block 100 " + share.hash.to_display_hex() + ": accepted"));

  // The next job comes at once, though the node holds the long poll.
  REQUIRE(client.until([&] { return count(client) == 2; }));
  CHECK(client.job()->prev_hash == share.hash);
  CHECK(client.job()->clean);
  const std::lock_guard lock(client.chain.mutex);
  const std::string& hex = client.chain.submitted.at(0);
  CHECK(hex.substr(0, 160) == core::to_hex(share.header.serialize()));
  CHECK(hex.substr(160, 14) ==
        "01"
        "02000000"
        "0001");
}

TEST_CASE("node client: long polling, and a node without it") {
  RunningClient client;
  client.chain.long_polling = GENERATE(true, false);
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  const auto asked = [&] {
    const std::lock_guard lock(client.chain.mutex);
    return client.chain.template_requests.size();
  };
  REQUIRE(client.until([&] { return asked() >= 2; }));
  CHECK(count(client) == 1);  // the same template again is no news
  std::string next;
  {
    const std::lock_guard lock(client.chain.mutex);
    CHECK(client.chain.template_requests.at(1).contains("longpollid") == client.chain.long_polling);
    client.chain.tip = some_hash(0x11);
    ++client.chain.height;
    next = client.chain.block_template();
  }
  client.node().release(next);
  REQUIRE(client.until([&] { return count(client) == 2; }));
  CHECK(client.job()->prev_hash == some_hash(0x11));
  CHECK(client.job()->clean);
}

TEST_CASE("node client: a long poll that is never answered is asked anew, and that is no fault") {
  RunningClient client([](NodeClientConfig& config) { config.long_poll_limit = 20ms; });
  client.start();
  REQUIRE(client.until([&] {
    const std::lock_guard lock(client.chain.mutex);
    return client.chain.template_requests.size() >= 5;
  }));
  CHECK(client.all<Disconnected>().empty());
  CHECK(count(client) == 1);
}

TEST_CASE("node client: other transactions make another job, which voids none") {
  RunningClient client([](NodeClientConfig& config) { config.refresh_interval = 0ms; });
  client.chain.long_polling = false;
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  const core::JobPtr first = client.job();
  {
    const std::lock_guard lock(client.chain.mutex);
    client.chain.more = {{"coinbasevalue", 4'999'999'999}};
  }
  REQUIRE(client.until([&] { return count(client) == 2; }));
  CHECK_FALSE(client.job()->clean);
  client.submit(solve(first));
  REQUIRE(client.until_told<ShareJudged>());
  CHECK(client.all<ShareJudged>().at(0).accepted);
}

TEST_CASE("node client: no work for a node of another network") {
  const auto [chain, address, fits] = GENERATE(table<const char*, const char*, bool>({
      {"main", kRegtestAddress, false},
      {"nonsense", kRegtestAddress, false},
      {"regtest", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", false},
      {"main", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", true},
      {"regtest", "mpXwg4jMtRhuSpVq4xS3HFHmCmWp9NyGKt", true},
      {"testnet4", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", true},
      {"test", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", true},
      {"signet", kRegtestAddress, false},
  }));
  INFO(chain << " " << address);
  RunningClient client([&, to = address](NodeClientConfig& config) {
    config.payout = parse_payout_address(to).value();
  });
  client.chain.chain = chain;
  client.start();
  if (fits) {
    CHECK(client.until_told<JobReceived>());
    return;
  }
  REQUIRE(client.until_told<Disconnected>());
  CHECK(client.all<JobReceived>().empty());
  const std::string why = client.all<Disconnected>().at(0).why;
  CHECK(why.starts_with("the node is on " + std::string(chain) + ", the address to be paid on "));
  CHECK(client.all<Disconnected>().at(0).retry_in > 0ms);
}

TEST_CASE("node client: signet") {
  RunningClient client([](NodeClientConfig& config) {
    config.payout = parse_payout_address("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx").value();
  });
  client.chain.chain = "signet";
  SECTION("whose blocks anyone may make") {
    client.chain.more = {{"signet_challenge", "51"}};
    client.start();
    CHECK(client.until_told<JobReceived>());
    const std::lock_guard lock(client.chain.mutex);
    CHECK(client.chain.template_requests.at(0).at("rules") == json::array{"segwit", "signet"});
  }
  SECTION("whose blocks are signed") {
    client.chain.more = {{"signet_challenge", "5121" + std::string(66, '0') + "51ae"}};
    client.start();
    REQUIRE(client.until_told<Disconnected>());
    CHECK(client.all<Disconnected>().at(0).why ==
          "blocks of this signet need its owners' signature: it cannot be mined");
    CHECK(client.all<JobReceived>().empty());
  }
}

TEST_CASE("node client: the node sees a block before any work is done") {
  RunningClient client;
  SECTION("and likes it") {
    client.start();
    REQUIRE(client.until_told<JobReceived>());
    client.submit(solve(client.job()));
    REQUIRE(client.until([&] { return count(client) == 2; }));
    const std::lock_guard lock(client.chain.mutex);
    REQUIRE(client.chain.proposals.size() == 1);  // the next one is of the same shape
    CHECK(client.chain.proposals[0].size() == client.chain.submitted.at(0).size());
    CHECK(client.chain.proposals[0].substr(8, 64) == client.chain.submitted.at(0).substr(8, 64));
  }
  SECTION("and does not like it") {
    client.chain.proposal_verdict = "bad-cb-amount";
    client.start();
    REQUIRE(client.until_told<Disconnected>());
    CHECK(client.all<Disconnected>().at(0).why == "the node would refuse our block: bad-cb-amount");
    CHECK(client.all<JobReceived>().empty());
  }
  SECTION("and never decides") {
    client.chain.proposal_verdict = "inconclusive-not-best-prevblk";
    client.chain.long_polling = false;
    client.start();
    REQUIRE(client.until_remarked("does not judge proposals"));
    CHECK(count(client) == 1);
  }
  SECTION("and has no proposals") {
    client.chain.capabilities.clear();
    client.start();
    REQUIRE(client.until_told<JobReceived>());
    CHECK(client.until_remarked("does not check proposals"));
    const std::lock_guard lock(client.chain.mutex);
    CHECK(client.chain.proposals.empty());
  }
}

TEST_CASE("node client: a share too many") {
  RunningClient client;
  client.chain.verdict = "rejected: bad-txns";
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  const core::JobPtr job = client.job();

  SECTION("is counted, and the flood is not written") {
    for (std::uint8_t salt = 0; salt < 50; ++salt)
      client.submit(solve(job, salt));
    CHECK(client.files(".block").size() == BlockDelivery::kMaxSiblings);
    REQUIRE(client.until_told<ShareJudged>(BlockDelivery::kMaxSiblings));
    CHECK(client.all<ShareDropped>().size() == 50 - BlockDelivery::kMaxSiblings);
    const ShareJudged judged = client.all<ShareJudged>().at(0);
    CHECK_FALSE(judged.accepted);
    CHECK(judged.text == "rejected: bad-txns");
    CHECK(client.files(".block").empty());
    CHECK(client.files(".refused").size() == BlockDelivery::kMaxSiblings);
  }
  SECTION("is a sibling of an accepted block") {
    client.chain.verdict.clear();
    for (std::uint8_t salt = 0; salt < 2; ++salt)
      client.submit(solve(job, salt));
    REQUIRE(client.until([&] { return count(client) == 2; }));
    client.submit(solve(job, 9));
    const auto dropped = client.all<ShareDropped>();
    REQUIRE(dropped.size() == 2);
    CHECK(dropped[0].why == ShareDropped::Why::stale);
    CHECK(dropped[0].share.job != nullptr);  // or it would be missing in the share log
    CHECK(dropped[1].why == ShareDropped::Why::stale);
    CHECK(client.files(".block").empty());
    const std::lock_guard lock(client.chain.mutex);
    CHECK(client.chain.submitted.size() == 1);
  }
  SECTION("is of nobody's job") {
    auto other = std::make_shared<core::Job>(*job);
    other->id = "77";
    client.submit(solve(other));
    CHECK(client.all<ShareDropped>().at(0).why == ShareDropped::Why::stale);
  }
  SECTION("solves nothing") {
    auto hard = std::make_shared<core::Job>(*job);
    core::Share share = solve(job);
    hard->network_target = core::Target();
    share.job = hard;
    client.submit(share);
    CHECK(client.all<ShareDropped>().at(0).why == ShareDropped::Why::withheld);
  }
}

TEST_CASE("node client: another block came first") {
  RunningClient client;
  client.chain.verdict = "inconclusive";
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  client.submit(solve(client.job()));
  REQUIRE(client.until_told<ShareJudged>());
  CHECK_FALSE(client.all<ShareJudged>().at(0).accepted);
  CHECK(client.all<ShareJudged>().at(0).reason == RejectReason::stale);
}

TEST_CASE("node client: what the node cannot decode is refused, what it is not ready for waits") {
  const auto error = [](int code) {
    return FakeNode::http(json::serialize(json::object{
        {"result", nullptr}, {"error", {{"code", code}, {"message", "Because"}}}, {"id", 1}}));
  };
  RunningClient client;
  client.chain.submit_answer = error(-28);
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  client.submit(solve(client.job()));
  REQUIRE(client.until_remarked("is not judged yet: submitblock: Because"));
  CHECK(client.all<ShareJudged>().empty());
  {
    const std::lock_guard lock(client.chain.mutex);
    client.chain.submit_answer = error(-22);
  }
  REQUIRE(client.until_told<ShareJudged>());
  CHECK_FALSE(client.all<ShareJudged>().at(0).accepted);
}

TEST_CASE("node client: the cookie is read again when the node has another") {
  RunningClient client([](NodeClientConfig& config) {
    config.url.credentials.clear();
    config.cookie_file = config.blocks_folder.parent_path() / ".cookie";
  });
  const auto write = [&](const std::string& text) {
    std::ofstream(client.config().cookie_file) << text << '\n';
  };
  write("__cookie__:first");
  client.chain.authorization = "Basic X19jb29raWVfXzpmaXJzdA==";
  client.start();
  REQUIRE(client.until_told<JobReceived>());
  {
    const std::lock_guard lock(client.chain.mutex);
    client.chain.authorization = "Basic X19jb29raWVfXzpzZWNvbmQ=";
  }
  write("__cookie__:second");
  client.submit(solve(client.job()));
  REQUIRE(client.until_told<ShareJudged>());
  CHECK(client.all<ShareJudged>().at(0).accepted);
  CHECK(client.all<Disconnected>().empty());
}

TEST_CASE("node client: refused credentials are not told") {
  RunningClient client;
  client.chain.down = FakeNode::http("", "401 Unauthorized");
  client.start();
  REQUIRE(client.until_told<Disconnected>());
  CHECK(client.all<Disconnected>().at(0).why ==
        "getblockchaininfo: the node refuses the user or password in its URL");
  for (const Connecting& it : client.all<Connecting>())
    CHECK(it.address.find("s3cret") == std::string::npos);
}

}  // namespace ebb::stratum::node
