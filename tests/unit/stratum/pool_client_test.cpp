// PoolClient against a pool on the loopback interface: what happens when connections are lost, and
// when a pool misbehaves.

#include "stratum/pool_client.h"

#include "stratum/line.h"
#include "stratum/node/coinbase.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/node_support.h"
#include "tests/unit/stratum/pool_client_support.h"

namespace ebb::stratum {

using namespace pool_client_tests;
using namespace std::chrono_literals;
using Why = ShareDropped::Why;

namespace {

using Nonces = std::vector<std::string>;

/// A notify whose coinbase pays `script`, around the pool's extranonces of four bytes each.
std::string notify_paying(const core::Bytes& script, const std::string& id) {
  const auto parts = node::build_coinbase(node::some_template(), 8, script);
  NotifyText text;
  text.id = id;
  text.coinbase1 = core::to_hex(parts.prefix);
  text.coinbase2 = core::to_hex(parts.suffix);
  return text.line();
}

const core::Bytes kAlice = *core::from_hex("0014751e76e8199196d454941c45d1b3a323f1433bd6");
const core::Bytes kBob = *core::from_hex("51");

}  // namespace

TEST_CASE("pool client: a share's verdict comes with its latency") {
  Rig rig;
  REQUIRE(rig.until_job());
  rig.submit(1);
  REQUIRE(rig.until([&] { return rig.judged.size() == 1; }));
  CHECK(rig.judged[0].accepted);
  CHECK(rig.judged[0].latency > 0ms);
  CHECK(rig.judged[0].latency < kPatience);
}

TEST_CASE("pool client: a pool that does not know the user gives no work, and is left") {
  Rig rig([](PoolClientConfig& config) { config.handshake_timeout = 200ms; });
  rig.pool.authorises = false;
  REQUIRE(rig.until([&] { return rig.ends.size() == 1; }));
  CHECK(rig.ends[0] == "no answer to the authorisation");
  CHECK(rig.jobs == 0);
  rig.pool.authorises = true;
  CHECK(rig.until([&] { return rig.jobs == 1; }));  // the one that came before the answer
}

TEST_CASE("pool client: two hang-ups on mining.configure, and one connection is without it") {
  Rig rig;
  rig.pool.hang_ups_on_configure = 2;
  REQUIRE(rig.until([&] { return rig.jobs == 1; }));
  CHECK(rig.ends.size() == 2);
  CHECK(rig.pool.configures == 2);
  rig.pool.last().close();
  REQUIRE(rig.until([&] { return rig.jobs == 2; }));
  CHECK(rig.pool.configures == 3);
  CHECK(rig.ends.size() == 3);
}

TEST_CASE("pool client: a server that has answered mining.configure is always asked") {
  Rig rig;
  REQUIRE(rig.until_job());
  rig.pool.hang_ups_on_configure = 3;
  rig.pool.last().close();
  REQUIRE(rig.until([&] { return rig.jobs == 2; }));
  CHECK(rig.pool.configures == 5);
}

TEST_CASE("pool client: an unanswered share is sent again when the session is resumed") {
  Rig rig;
  REQUIRE(rig.until_job());
  rig.pool.hangs_up_on_submit = true;
  rig.submit(1);
  REQUIRE(rig.until([&] { return rig.ends.size() == 1; }));
  rig.pool.hangs_up_on_submit = false;
  REQUIRE(rig.until([&] { return rig.judged.size() == 1; }));
  CHECK(rig.pool.nonces == Nonces{"00000001", "00000001"});
  CHECK(rig.pool.subscriptions.at(1).at(1) == "s1");
  CHECK(rig.subscribed.at(1).resumed);
  CHECK(rig.judged[0].accepted);
  CHECK(rig.dropped.empty());
  CHECK(rig.jobs == 2);  // the same job, told again
}

TEST_CASE("pool client: a share found while there is no connection is sent afterwards") {
  Rig rig;
  REQUIRE(rig.until_job());
  rig.pool.last().close();
  REQUIRE(rig.until([&] { return rig.ends.size() == 1; }));
  rig.submit(7);
  REQUIRE(rig.until([&] { return rig.judged.size() == 1; }));
  CHECK(rig.pool.nonces == Nonces{"00000007"});
  CHECK(rig.dropped.empty());
}

TEST_CASE("pool client: a pool that does not resume gets no share twice") {
  Rig rig;
  rig.pool.resumes = false;
  REQUIRE(rig.until_job());
  rig.pool.hangs_up_on_submit = true;
  rig.submit(1);
  REQUIRE(rig.until([&] { return rig.ends.size() == 1; }));
  rig.submit(2);
  REQUIRE(rig.until_job(2));
  CHECK(rig.pool.nonces == Nonces{"00000001"});
  REQUIRE(rig.dropped.size() == 2);
  CHECK(rig.dropped[0].why == Why::unanswered);
  CHECK(rig.dropped[1].why == Why::stale);
  CHECK_FALSE(rig.subscribed.at(1).resumed);
}

TEST_CASE("pool client: a duplicate after a resumption is the first one's arrival") {
  Rig rig;
  REQUIRE(rig.until_job());
  rig.pool.hangs_up_on_submit = true;
  rig.submit(1);
  REQUIRE(rig.until([&] { return rig.ends.size() == 1; }));
  rig.pool.hangs_up_on_submit = false;
  rig.pool.verdict = [](auto id) { return reply(id, "false", R"([22,"Duplicate",null])"); };
  REQUIRE(rig.until([&] { return rig.judged.size() == 1; }));
  CHECK(rig.judged[0].accepted);
}

TEST_CASE("pool client: client.reconnect is followed and the session goes on") {
  Rig rig;
  REQUIRE(rig.until_job());
  rig.pool.answers_submits = false;  // as ckpool after it
  rig.submit(1);
  REQUIRE(rig.until([&] { return rig.pool.nonces.size() == 1; }));
  rig.pool.last().send(call("client.reconnect", "[]"));
  REQUIRE(rig.until([&] { return rig.ends.size() == 1; }));
  CHECK(rig.ends[0] == "the pool asked for a reconnect");
  rig.pool.answers_submits = true;
  REQUIRE(rig.until([&] { return rig.judged.size() == 1; }));
  CHECK(rig.subscribed.at(1).resumed);
}

TEST_CASE("pool client: stopped while it waits to connect, no share is without its end") {
  Rig rig;
  REQUIRE(rig.until_job());
  rig.pool.answers_submits = false;
  rig.submit(1);
  REQUIRE(rig.until([&] { return rig.pool.nonces.size() == 1; }));
  rig.pool.last().close();
  REQUIRE(rig.until([&] { return rig.ends.size() == 1; }));
  rig.submit(2);
  rig.client->stop();
  CHECK(rig.dropped.size() == 2);
  rig.submit(3);
  CHECK(rig.dropped.size() == 3);
}

TEST_CASE("pool client: what a job pays is told") {
  Rig rig([](PoolClientConfig& config) { config.payout = PayoutRule{kAlice, 0.9}; });
  rig.pool.job = notify_paying(kAlice, "a");
  REQUIRE(rig.until_job());
  REQUIRE(rig.payouts.size() == 1);
  CHECK(rig.payouts[0].meets_rule);
  CHECK(rig.payouts[0].payout.outputs.at(0).script == kAlice);
  CHECK(rig.payouts[0].payout.total == 312'500'000);

  rig.pool.last().send(notify_paying(kBob, "b"));  // the rule only warns
  REQUIRE(rig.until_job(2));
  REQUIRE(rig.payouts.size() == 2);
  CHECK_FALSE(rig.payouts[1].meets_rule);
}

TEST_CASE("pool client: a pool that pays others is left when the rule says so") {
  Rig rig([](PoolClientConfig& config) {
    config.payout = PayoutRule{kAlice, 0, PayoutRule::Missing::leave};
  });
  rig.pool.job = notify_paying(kAlice, "a");
  REQUIRE(rig.until_job());
  rig.pool.last().send(notify_paying(kBob, "b"));
  REQUIRE(rig.until([&] { return rig.ends.size() == 1; }));
  CHECK(rig.ends[0] == "the coinbase does not pay whom it must");
  CHECK(rig.job->id == "a");  // the other one was never given out
}

TEST_CASE("pool client: a first job that pays others is judged once the user is known") {
  Rig rig([](PoolClientConfig& config) {
    config.payout = PayoutRule{kAlice, 0, PayoutRule::Missing::leave};
  });
  rig.pool.job = notify_paying(kBob, "a");
  REQUIRE(rig.until([&] { return rig.ends.size() == 1; }));
  CHECK(rig.authorised == 1);
}

TEST_CASE("pool client: a pool that accepts and says nothing is left") {
  Rig rig([](PoolClientConfig& config) { config.handshake_timeout = 300ms; });
  rig.pool.silent = true;
  REQUIRE(rig.until([&] { return rig.ends.size() == 1; }));
  CHECK(rig.ends[0] == "no work from the pool");
}

TEST_CASE("pool client: half open: a pool that falls silent is left") {
  Rig rig([](PoolClientConfig& config) { config.silence_timeout = 500ms; });
  REQUIRE(rig.until_job());
  REQUIRE(rig.until([&] { return rig.ends.size() == 1; }));
  CHECK(rig.ends[0] == "the pool went silent");
}

TEST_CASE("pool client: silence after a submit is noticed sooner, and the share goes again") {
  Rig rig([](PoolClientConfig& config) { config.reply_timeout = 300ms; });
  REQUIRE(rig.until_job());
  rig.pool.answers_submits = false;
  rig.submit(1);
  REQUIRE(rig.until([&] { return rig.ends.size() == 1; }));
  CHECK(rig.ends[0] == "the pool does not answer submits");
  rig.pool.answers_submits = true;
  REQUIRE(rig.until([&] { return rig.judged.size() == 1; }));
}

TEST_CASE("pool client: a pool that talks on but answers no submit is left, too") {
  Rig rig([](PoolClientConfig& config) { config.silence_timeout = 700ms; });
  REQUIRE(rig.until_job());
  rig.pool.answers_submits = false;
  rig.submit(1);
  asio::steady_timer timer(rig.io);
  std::function<void(boost::system::error_code)> talk = [&](boost::system::error_code error) {
    if (error) return;
    rig.pool.last().send(call("mining.ping", "[]"));
    timer.expires_after(50ms);
    timer.async_wait(talk);
  };
  talk({});
  REQUIRE(rig.until([&] { return rig.ends.size() == 1; }));
  timer.cancel();
  CHECK(rig.ends[0] == "the pool does not answer submits");
}

TEST_CASE("pool client: one lost answer among others does not end the connection") {
  Rig rig([](PoolClientConfig& config) { config.silence_timeout = 700ms; });
  REQUIRE(rig.until_job());
  rig.pool.answers_submits = false;
  rig.submit(1);
  REQUIRE(rig.until([&] { return rig.pool.nonces.size() == 1; }));
  rig.pool.answers_submits = true;
  std::uint32_t nonce = 2;
  REQUIRE(rig.until([&] {
    if (rig.judged.size() + 2 == nonce) rig.submit(nonce++);
    return !rig.dropped.empty();
  }));
  CHECK(rig.ends.empty());
  CHECK(rig.dropped[0].why == Why::unanswered);
  CHECK(rig.dropped[0].share.header.nonce == 1);
}

TEST_CASE("pool client: one byte at a time is understood") {
  Rig rig;
  REQUIRE(rig.until_job());
  const std::string line = notify("slow") + "\r\n";
  for (const char c : line) {
    rig.pool.last().send_raw(std::string(1, c));
    rig.io.poll();
  }
  REQUIRE(rig.until_job(2));
  CHECK(rig.job->id == "slow");
}

TEST_CASE("pool client: a coinbase of half a mebibyte on a line of one") {
  Rig rig;
  REQUIRE(rig.until_job());
  NotifyText text;
  text.id = "big";
  text.coinbase2.assign(kMaxLineBytes - text.line().size() - 64, '0');
  text.coinbase2.resize(text.coinbase2.size() & ~std::size_t{1});
  REQUIRE(text.line().size() <= kMaxLineBytes);
  rig.pool.last().send(text.line());
  REQUIRE(rig.until_job(2));
  CHECK(rig.job->coinbase_suffix.size() > 500'000);
  rig.submit(1);
  REQUIRE(rig.until([&] { return rig.judged.size() == 1; }));
}

TEST_CASE("pool client: a line that never ends costs no more than its limit") {
  Rig rig;
  REQUIRE(rig.until_job());
  for (int i = 0; i < 64; ++i)
    rig.pool.last().send_raw(std::string(std::size_t{1} << 18, 'x'));  // 16 MiB
  rig.pool.last().send_raw("\n");
  rig.pool.last().send(notify("after"));
  REQUIRE(rig.until_job(2));
  CHECK(rig.job->id == "after");
}

TEST_CASE("pool client: thousands of jobs: the newest wins, shares still go") {
  Rig rig;
  REQUIRE(rig.until_job());
  constexpr int kJobs = 5000;
  for (int i = 0; i < kJobs; ++i)
    rig.pool.last().send(notify("job" + std::to_string(i)));
  bool submitted = false;
  REQUIRE(rig.until([&] {
    if (rig.jobs > 1000 && !std::exchange(submitted, true)) rig.submit(1);
    return rig.job->id == "job" + std::to_string(kJobs - 1) && rig.judged.size() == 1;
  }));
  CHECK(rig.judged[0].accepted);
  CHECK(rig.ends.empty());
}

TEST_CASE("pool client: a pool that stops reading is left before memory is") {
  Rig rig([](PoolClientConfig& config) { config.silence_timeout = 600s; });
  rig.pool.reads = false;
  // Its questions have to be answered, and are not read.
  REQUIRE(rig.until([&] { return rig.connected == 1 && !rig.pool.connections.empty(); }));
  const std::string questions = [] {
    std::string text;
    const std::string id(60, 'i');
    for (int i = 0; i < 2000; ++i)
      text += "{\"id\":\"" + id + "\",\"method\":\"mining.unknown\",\"params\":[]}\n";
    return text;
  }();
  REQUIRE(rig.until([&] {
    if (rig.pool.last().wrote_all()) rig.pool.last().send_raw(questions);
    return rig.ends.size() == 1;
  }));
  CHECK(rig.ends[0] == "the pool does not read");
}

}  // namespace ebb::stratum
