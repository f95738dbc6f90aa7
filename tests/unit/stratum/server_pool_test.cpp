#include "stratum/server/pool_server.h"

#include <limits>

#include "stratum/server/demo_templates.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/server_net_support.h"

namespace ebb::stratum::server {
namespace {

namespace json = boost::json;

PoolServerConfig config_of(double difficulty) {
  PoolServerConfig config;
  config.difficulty = difficulty;
  return config;
}

RunningPool::MakeSource demo(DemoConfig config = {}) {
  return [config](boost::asio::any_io_executor executor) {
    return make_demo_templates(std::move(executor), config);
  };
}

}  // namespace

TEST_CASE("pool server: two clients share the work and nothing else") {
  // One template for all the test: who comes later gets it, too.
  constexpr std::chrono::hours kNever{1};
  RunningPool pool(config_of(1e-5), demo({.block_interval = kNever, .refresh_interval = kNever}));
  RawClient a(pool.port());
  a.begin();
  RawClient b(pool.port());
  b.begin();
  CHECK(a.wire.extranonce1 != b.wire.extranonce1);
  CHECK(a.wire.extranonce1.size() == 4);
  CHECK(a.wire.job.prev_hash == b.wire.job.prev_hash);

  const json::array share = a.wire.solve(a.wire.meets_difficulty());
  CHECK(a.submit(share) == "ok");
  CHECK(a.submit(share) == "22 Duplicate");
  // Under another extranonce1 it has another hash, one in 43,000 of which is good.
  json::array borrowed = share;
  borrowed[3] = json::string(core::to_hex(b.wire.job.time));  // b's job may be a second younger
  CHECK(b.submit(borrowed) == "23 Above target");
  CHECK(b.submit(b.wire.solve(b.wire.meets_difficulty())) == "ok");

  const PoolStatistics statistics = pool.statistics();
  CHECK(statistics.clients == 2);
  CHECK(statistics.connections == 2);
  CHECK(statistics.jobs == 1);
  CHECK(statistics.accepted == 2);
  CHECK(statistics.accepted_difficulty == Approx(2e-5));
  CHECK(statistics.rejected ==
        std::map<RejectReason, std::uint64_t>{{RejectReason::duplicate, 1},
                                              {RejectReason::low_difficulty, 1}});
  CHECK(statistics.blocks.empty());
}

TEST_CASE("pool server: a share that is wrong in one bit anywhere is refused") {
  RunningPool pool(config_of(1e-5), demo());
  RawClient client(pool.port());
  client.begin();
  const json::array good = client.wire.solve(client.wire.meets_difficulty());
  for (const std::size_t field : {2u, 3u, 4u}) {
    for (const std::size_t digit : {1u, 7u}) {
      std::string text(good[field].as_string());
      text[digit] = text[digit] == '0' ? '1' : '0';
      json::array wrong = good;
      wrong[field] = json::string(text);
      INFO(field << ' ' << digit);
      // One in 43,000 wrong shares is right by chance.
      const std::string verdict = client.submit(wrong);
      CHECK((verdict == "23 Above target" || verdict == "20 Ntime out of range"));
    }
  }
  CHECK(client.submit(good) == "ok");
}

TEST_CASE("pool server: a block moves the demo's chain") {
  RunningPool pool(config_of(1e-9), demo({.network_difficulty = 1e-7}));
  RawClient client(pool.port());
  client.begin();
  const auto network = core::Target::from_compact(client.wire.job.bits).value();
  const json::array block =
      client.wire.solve([&](const core::Hash256& hash) { return network.is_met_by(hash); });
  const core::Hash256 hash =
      client.wire
          .header(client.wire.job, core::Bytes(8, 0),
                  core::u32_from_hex(std::string(block[4].as_string())).value())
          .hash();
  CHECK(client.submit(block) == "ok");
  REQUIRE(client.until([&] { return client.wire.job.prev_hash == hash; }));
  CHECK(client.wire.job.clean);

  const PoolStatistics statistics = pool.statistics();
  CHECK(statistics.blocks_accepted == 1);
  REQUIRE(statistics.blocks.size() == 1);
  CHECK(statistics.blocks[0].height == 1'000'000);
  CHECK(statistics.blocks[0].hash == hash.to_display_hex());
  CHECK(statistics.blocks[0].accepted);
  CHECK(statistics.blocks[0].result == "accepted");
}

TEST_CASE("pool server: requests in one packet, and one over many") {
  RunningPool pool(config_of(1), demo());
  RawClient client(pool.port());
  const std::string subscribe = client.wire.request("mining.subscribe", {});
  const std::string authorize = client.wire.request("mining.authorize", {"u", "x"});
  client.send(subscribe + "\r\n" + authorize);
  CHECK(client.until([&] { return !client.wire.job.id.empty(); }));
  for (const char c : client.wire.request("mining.extranonce.subscribe", {}) + "\n")
    client.stream << c << std::flush;
  CHECK(client.until([&] { return client.wire.replies.contains(3); }));
}

TEST_CASE("pool server: three bad lines in a row, or one too long among them, and it hangs up") {
  RunningPool pool(config_of(1), demo());
  RawClient client(pool.port());
  client.begin();
  client.send("garbage");
  client.send(std::string(100'000, 'x'));
  client.send("{");
  CHECK(client.hung_up());
  CHECK(client.wire.nameless_errors == 3);
  RawClient other(pool.port());
  other.begin();
  CHECK(pool.statistics().bad_lines == 3);
  CHECK(pool.eventually([](const PoolStatistics& s) { return s.clients == 1; }));
}

TEST_CASE("pool server: a client that does not read is dropped") {
  PoolServerConfig config = config_of(1);
  config.max_queue_bytes = 10'000;
  RunningPool pool(std::move(config), demo());
  RawClient client(pool.port());
  std::string batch;
  for (int i = 0; i < 1000; ++i)
    batch += client.wire.request("mining.subscribe", {}) + "\n";
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (client.stream.good() && std::chrono::steady_clock::now() < deadline)
    client.stream << batch << std::flush;
  CHECK(pool.eventually([](const PoolStatistics& s) { return s.clients == 0; }));
  const auto events = pool.events();
  CHECK(events.back().find("reads too slowly") != std::string::npos);
}

TEST_CASE("pool server: a client that says nothing is dropped") {
  PoolServerConfig config = config_of(1);
  config.idle_timeout = std::chrono::seconds(0);
  RunningPool pool(std::move(config), demo());
  RawClient client(pool.port());
  CHECK(client.hung_up());
}

TEST_CASE("pool server: the number of clients is bounded") {
  PoolServerConfig config = config_of(1);
  config.max_clients = 1;
  RunningPool pool(std::move(config), demo());
  RawClient first(pool.port());
  first.begin();
  RawClient second(pool.port());
  CHECK(second.hung_up());
  first.stream.close();
  CHECK(pool.eventually([](const PoolStatistics& s) { return s.clients == 0; }));
  RawClient third(pool.port());
  third.begin();
}

TEST_CASE("pool server: stop closes every connection and lets the io_context end") {
  RunningPool pool(config_of(1), demo());
  RawClient client(pool.port());
  client.begin();
  pool.stop();
  CHECK(client.hung_up());
}

TEST_CASE("pool server: what cannot work is an error that says why") {
  boost::asio::io_context io;
  const auto error_of = [&](PoolServerConfig config) {
    PoolServer server(io.get_executor(), std::move(config),
                      make_demo_templates(io.get_executor(), {}));
    const auto endpoint = server.start();
    return endpoint ? "none" : endpoint.error();
  };
  PoolServerConfig config;
  CHECK(error_of(config) == "none");

  config.address = "pool.example";
  CHECK(error_of(config) == "'pool.example' is not an IP address");
  config.address = "192.0.2.1";
  CHECK(error_of(config).starts_with("listening on 192.0.2.1:0: "));
  for (const double difficulty : {0.0, -1.0, std::numeric_limits<double>::infinity(),
                                  std::numeric_limits<double>::quiet_NaN()})
    CHECK(error_of(config_of(difficulty)) == "the difficulty must be a number above 0");
  config = {};
  config.extranonce2_size = 17;
  CHECK(error_of(config) == "extranonce2 must have at most 16 bytes");
  config = {};
  config.version_mask = 0x20000000;
  CHECK(error_of(config) == "the version mask must stay within 1fffe000");
  config = {};
  config.payout_script.clear();
  CHECK(error_of(config) == "the payout script must have 1 to 10000 bytes");
  config = {};
  config.vardiff = VardiffConfig{.min_difficulty = 2, .max_difficulty = 1};
  CHECK(error_of(config) == "vardiff's bounds must be above 0, the lower one first");
  config.vardiff = VardiffConfig{.target_interval = std::chrono::seconds(0)};
  CHECK(error_of(config) == "vardiff's interval must be above 0");

  PoolServer first(io.get_executor(), {}, make_demo_templates(io.get_executor(), {}));
  config = {};
  config.port = first.start().value().port;
  CHECK(error_of(config).find("in use") != std::string::npos);
}

}  // namespace ebb::stratum::server
