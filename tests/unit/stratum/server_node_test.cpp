#include "stratum/node/node_templates.h"

#include <algorithm>
#include <array>

#include "stratum/node/node_rpc.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/server_net_support.h"

namespace ebb::stratum::server {
namespace {

namespace json = boost::json;

constexpr std::uint16_t kClosedPort = 1;  // nothing listens there

json::object template_json(std::uint32_t height, const core::Hash256& prev_hash) {
  return {{"version", 0x20000000},
          {"rules", json::array{"csv", "!segwit"}},
          {"height", height},
          {"previousblockhash", json::string(prev_hash.to_display_hex())},
          {"bits", "207fffff"},
          {"curtime", kTime},
          {"mintime", kTime},
          {"coinbasevalue", 5'000'000'000},
          {"default_witness_commitment", json::string("6a24aa21a9ed" + std::string(64, 'e'))},
          {"transactions", json::array{}}};
}

/// A node that takes the first block on its tip whose hash it does not know.
struct Chain {
  std::uint32_t height = 100;
  core::Hash256 tip = some_hash(0x77);
  std::string verdict;  ///< of submitblock; empty: null
  std::vector<std::string> submitted;
  std::string authorization;

  std::string answer(const std::string& head, const json::object& request) {
    const std::size_t at_auth = head.find("Authorization: ");
    if (at_auth != std::string::npos)
      authorization = head.substr(at_auth + 15, head.find('\r', at_auth) - at_auth - 15);
    if (request.at("method") == "getblocktemplate") {
      if (request.at("params").as_array().at(0).at("rules").at(0) != "segwit") return "";
      return FakeNode::result(template_json(height, tip));
    }
    submitted.emplace_back(request.at("params").as_array().at(0).as_string().c_str());
    if (!verdict.empty()) return FakeNode::result(json::string(verdict));
    const core::Bytes block = core::from_hex(submitted.back()).value();
    tip = core::sha256d(core::ByteView(block).first(80));
    ++height;
    return FakeNode::result(nullptr);
  }
};

struct NodeTimes {
  std::chrono::milliseconds poll_interval{1000};
  std::chrono::seconds refresh_interval{5};
  std::chrono::seconds template_timeout{10};
};

struct NodeAndPool {
  explicit NodeAndPool(FakeNode::Answer answer, const NodeTimes& times = {})
      : node(std::make_unique<FakeNode>(std::move(answer))) {
    node::NodeConfig config;
    config.url = node->url("us%65r:s3cret%21@");
    config.poll_interval = times.poll_interval;
    config.refresh_interval = times.refresh_interval;
    config.template_timeout = times.template_timeout;
    PoolServerConfig pool_config;
    pool_config.difficulty = 1e-9;
    pool = std::make_unique<RunningPool>(
        std::move(pool_config), [&](boost::asio::any_io_executor executor) {
          return node::make_node_templates(std::move(executor), config).value();
        });
  }

  bool eventually_reports(const std::string& text) {
    return pool->eventually([&](const PoolStatistics&) {
      const auto events = pool->events();
      return std::any_of(events.begin(), events.end(), [&](const std::string& event) {
        return event.find(text) != std::string::npos;
      });
    });
  }

  std::unique_ptr<FakeNode> node;
  std::unique_ptr<RunningPool> pool;
};

json::array solve_block(RawClient& client) {
  const auto network = core::Target::from_compact(client.wire.job.bits).value();
  return client.wire.solve([&](const core::Hash256& hash) { return network.is_met_by(hash); });
}

}  // namespace

TEST_CASE("node templates: a client's block goes to the node, and the next job builds on it") {
  Chain chain;
  NodeAndPool both(
      [&](const std::string& head, const json::object& request) {
        return chain.answer(head, request);
      },
      // Longer than the test may take: only the submission itself can bring the next template.
      NodeTimes{.poll_interval = 10 * std::chrono::milliseconds(kPatience)});
  RawClient client(both.pool->port());
  client.begin();
  CHECK(client.wire.job.prev_hash == some_hash(0x77));

  for (std::uint32_t height = 100; height < 103; ++height) {
    const core::Hash256 before = client.wire.job.prev_hash;
    CHECK(client.submit(solve_block(client)) == "ok");
    REQUIRE(client.until([&] { return client.wire.job.prev_hash != before; }));
    CHECK(client.wire.job.clean);
  }
  const PoolStatistics statistics = both.pool->statistics();
  CHECK(statistics.blocks_accepted == 3);
  REQUIRE(statistics.blocks.size() == 3);
  CHECK(statistics.blocks[2].height == 102);

  both.node.reset();  // and with it the thread that writes to the chain
  CHECK(chain.height == 103);
  CHECK(chain.authorization == "Basic dXNlcjpzM2NyZXQh");  // user:s3cret!
  // Header, one transaction, and that with a witness.
  REQUIRE(chain.submitted.size() == 3);
  CHECK(chain.submitted[0].substr(160, 14) ==
        "01"
        "02000000"
        "0001");
}

TEST_CASE("node templates: a refused block is reported with the node's words") {
  Chain chain;
  chain.verdict = "rejected: bad\ncb";
  NodeAndPool both([&](const std::string& head, const json::object& request) {
    return chain.answer(head, request);
  });
  RawClient client(both.pool->port());
  client.begin();
  CHECK(client.submit(solve_block(client)) == "ok");
  REQUIRE(both.pool->eventually([](const PoolStatistics& s) { return !s.blocks.empty(); }));
  const PoolStatistics statistics = both.pool->statistics();
  CHECK_FALSE(statistics.blocks[0].accepted);
  CHECK(statistics.blocks[0].result == "rejected: bad cb");
  CHECK(statistics.blocks_accepted == 0);
}

TEST_CASE("node templates: a node's troubles are told once, without its password") {
  std::atomic<bool> well = false;
  Chain chain;
  std::string trouble, words;
  SECTION("wrong password") {
    trouble = FakeNode::http("", "401 Unauthorized");
    words = "getblocktemplate: the node refuses the user or password";
  }
  SECTION("an error in Core's way") {
    trouble = FakeNode::http(R"({"result":null,"error":{"code":-10,"message":"is downloading"}})",
                             "500 Internal Server Error");
    words = "getblocktemplate: is downloading";
  }
  SECTION("an error in bcoin's way") {
    trouble = FakeNode::http(R"({"result":null,"error":{"code":-10,"message":"no peers"}})");
    words = "getblocktemplate: no peers";
  }
  SECTION("not a node") {
    trouble = FakeNode::http("<html>", "404 Not Found");
    words = "getblocktemplate: HTTP status 404, not JSON-RPC";
  }
  SECTION("no template") {
    trouble = FakeNode::result(json::object{});
    words = "block template: bad or no height";
  }
  SECTION("no result") {
    trouble = FakeNode::http("{}");
    words = "getblocktemplate: an answer without a result";
  }
  SECTION("too much") {
    trouble = FakeNode::http(std::string(node::NodeRpc::kMaxResponseBytes + 1, ' '));
    words = "getblocktemplate: an answer above 32 MiB";
  }
  SECTION("it hangs up") {
    trouble = "";
    words = "getblocktemplate: ";
  }
  NodeAndPool both(
      [&](const std::string& head, const json::object& request) {
        return well ? chain.answer(head, request) : trouble;
      },
      NodeTimes{.poll_interval = std::chrono::milliseconds(1),
                .template_timeout = std::chrono::seconds(trouble.empty() ? 1 : 20)});
  REQUIRE(both.eventually_reports(words));
  well = true;
  RawClient client(both.pool->port());
  client.begin();
  CHECK(both.eventually_reports("answers"));
  int told = 0;
  for (const std::string& event : both.pool->events()) {
    CHECK(event.find("s3cret") == std::string::npos);
    told += event.find(words) != std::string::npos;
  }
  CHECK(told == 1);
}

TEST_CASE("node templates: unchanged templates are not passed on, changed ones not too often") {
  Chain chain;
  std::atomic<int> asked = 0;
  NodeAndPool both(
      [&](const std::string& head, const json::object& request) {
        ++asked;
        return chain.answer(head, request);
      },
      NodeTimes{.poll_interval = std::chrono::milliseconds(1),
                .refresh_interval = std::chrono::seconds(0)});
  REQUIRE(both.pool->eventually([&](const PoolStatistics&) { return asked > 20; }));
  CHECK(both.pool->statistics().jobs == 1);
}

TEST_CASE("node templates: nobody there") {
  boost::asio::io_context io;
  std::vector<std::string> events;
  auto source = node::make_node_templates(io.get_executor(), {.url = "http://u:s3cret@127.0.0.1:" +
                                                                     std::to_string(kClosedPort)})
                    .value();
  source->start({.on_template = [](node::BlockTemplatePtr) { FAIL("a template from nowhere"); },
                 .on_event =
                     [&](PoolEvent event) {
                       events.push_back(event.text);
                       source->stop();
                     }});
  io.run();
  REQUIRE(events.size() == 1);
  CHECK(events[0].starts_with("node http://127.0.0.1:1/: getblocktemplate: "));

  SECTION("a block that cannot be delivered") {
    bool done = false;
    auto other =
        node::make_node_templates(io.get_executor(), {.url = "http://127.0.0.1:1"}).value();
    other->submit_block({}, [&](node::BlockResult result) {
      CHECK_FALSE(result.accepted);
      CHECK(result.text.starts_with("submitblock: "));
      done = true;
      other->stop();
    });
    io.restart();
    io.run();
    CHECK(done);
  }
}

TEST_CASE("node templates: a call under way ends with stop, and with destruction") {
  boost::asio::io_context io;
  // Accepts connections and never answers.
  boost::asio::ip::tcp::acceptor silent(io, {boost::asio::ip::address_v4::loopback(), 0});
  const std::string url = "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port());
  const auto begin = std::chrono::steady_clock::now();
  const bool stop_first = GENERATE(true, false);
  {
    auto source = node::make_node_templates(
                      io.get_executor(), {.url = url, .template_timeout = std::chrono::seconds(60)})
                      .value();
    source->start({.on_template = [](node::BlockTemplatePtr) {}, .on_event = [](PoolEvent) {}});
    io.poll();
    boost::asio::ip::tcp::socket peer = silent.accept();
    std::array<char, 64> request;
    peer.read_some(boost::asio::buffer(request));  // the call waits for its answer now
    if (stop_first) {
      source->stop();
      io.run();
    }
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
}

TEST_CASE("node templates: URLs") {
  boost::asio::io_context io;
  for (const char* url : {"", "ftp://host/", "host:8332:1", "stratum+tcp://host:1", "http://",
                          "file:///etc/passwd", "http://user:s3cret@ho st:1/"}) {
    INFO(url);
    const auto source = node::make_node_templates(io.get_executor(), {.url = url});
    REQUIRE_FALSE(source);
    CHECK(source.error().find("s3cret") == std::string::npos);
  }
  CHECK(node::make_node_templates(io.get_executor(),
                                  {.url = "https://u:p@node.example:8332/wallet/x"}));
  const auto rpc =
      node::NodeRpc::create({"http://u:s3cret@[::1]:8332", {}, {}}, std::chrono::seconds(1));
  REQUIRE(rpc);
  CHECK(rpc->address() == "http://[::1]:8332/");
}

}  // namespace ebb::stratum::server
