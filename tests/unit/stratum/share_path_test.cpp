// Shares between the queue and sessions that come and go.

#include "stratum/share_path.h"

#include <set>

#include "tests/unit/catch.h"
#include "tests/unit/stratum/session_support.h"

namespace ebb::stratum {

using namespace session_tests;
using namespace std::chrono_literals;
using Why = ShareDropped::Why;

namespace {

/// A path, and the pool's end of connection after connection.
class Line {
 public:
  static constexpr const char* kOther = R"([[["mining.notify","t"]],"aabbccdd",4])";

  Line() : path([this](ShareDropped dropped) { drops.push_back(std::move(dropped)); }) {}

  /// A connection up to its subscription's answer and, if `result` is not empty, its first job.
  void connect(const std::string& result = kSubscribeResult) {
    SessionConfig config = Client::default_config();
    config.session = ++number_;
    config.version_form = path.version_form();
    config.resumption = path.resumption(now);
    client.emplace(std::move(config));
    if (result.empty()) return;
    client->answer("mining.configure", R"({"version-rolling":false})");
    client->answer("mining.subscribe", result);
    path.subscribed(client->all<Subscribed>().at(0).resumed);
    client->answer("mining.authorize", "true");
    client->receive(notify("a"));
    pump();
  }

  void lose() {
    path.lost(client->session, now);
    client.reset();
  }

  void pump() {
    path.pump(client->session, now);
    client->receive(notify("a"));  // collects
  }

  /// A share of the current job.
  void push(double difficulty, std::uint32_t nonce = 1) {
    path.push(share_of(client->job(), difficulty, 0, nonce));
  }

  /// The difficulties' order tells what was sent: their nonces.
  std::vector<std::string> nonces_sent() const {
    std::vector<std::string> nonces;
    for (const auto& it : client->sent("mining.submit"))
      nonces.emplace_back(it.at("params").at(4).as_string());
    return nonces;
  }

  SharePath path;
  std::optional<Client> client;
  std::vector<ShareDropped> drops;
  SharePath::Clock::time_point now{1000s};

 private:
  std::uint64_t number_ = 0;
};

using Nonces = std::vector<std::string>;

}  // namespace

TEST_CASE("share path: what is unanswered is sent again to a session that was resumed") {
  Line line;
  line.connect();
  line.push(1000, 1);
  line.pump();
  CHECK(line.nonces_sent() == Nonces{"00000001"});
  line.lose();
  CHECK(line.drops.empty());
  line.connect();
  CHECK(line.nonces_sent() == Nonces{"00000001"});
  line.client->answer("mining.submit", "true");
  CHECK(line.client->all<ShareJudged>().size() == 1);
  CHECK(line.drops.empty());
}

TEST_CASE("share path: what waits while there is no connection is sent to the resumed session") {
  Line line;
  line.connect();
  const core::JobPtr job = line.client->job();
  line.lose();
  line.path.push(share_of(job));
  CHECK_FALSE(line.path.idle());
  line.connect();
  CHECK(line.nonces_sent().size() == 1);
  CHECK(line.path.idle());
}

TEST_CASE("share path: nothing goes to a session that was not resumed") {
  Line line;
  line.connect();
  const core::JobPtr job = line.client->job();
  line.push(1000, 1);
  line.pump();
  line.lose();
  line.path.push(share_of(job, 2000, 0, 2));
  line.connect(Line::kOther);
  CHECK(line.nonces_sent().empty());
  REQUIRE(line.drops.size() == 2);
  CHECK(line.drops[0].why == Why::unanswered);
  CHECK(line.drops[0].share.header.nonce == 1);
  CHECK(line.drops[1].why == Why::stale);
  CHECK(line.drops[1].share.header.nonce == 2);

  line.path.push(share_of(job, 3000, 0, 3));  // from a worker that was late
  line.pump();
  CHECK(line.nonces_sent().empty());
  CHECK(line.drops.back().why == Why::stale);
}

TEST_CASE("share path: a pool that names no session gets nothing twice") {
  Line line;
  line.connect(R"([null,"01020304",4])");
  line.push(1000);
  line.pump();
  line.lose();
  REQUIRE(line.drops.size() == 1);
  CHECK(line.drops[0].why == Why::unanswered);
}

TEST_CASE("share path: the same header never goes twice by the workers' doing") {
  Line line;
  line.connect();
  line.push(1000);
  line.pump();
  line.push(1000);
  REQUIRE(line.drops.size() == 1);
  CHECK(line.drops[0].why == Why::duplicate);
  line.lose();
  line.connect();
  line.push(1000);
  line.pump();
  CHECK(line.nonces_sent().size() == 1);
  CHECK(line.drops.size() == 2);
}

TEST_CASE("share path: again and new shares go best first") {
  Line line;
  line.connect();
  const core::JobPtr job = line.client->job();
  line.push(2000, 2);
  line.push(5000, 5);
  line.pump();
  line.lose();
  line.path.push(share_of(job, 3000, 0, 3));
  line.path.push(share_of(job, 9000, 0, 9));
  line.connect();
  CHECK(line.nonces_sent() == Nonces{"00000009", "00000005", "00000003", "00000002"});
}

TEST_CASE("share path: a share that the pool hangs up on is sent three times") {
  Line line;
  line.connect();
  line.push(1000);
  line.pump();
  for (unsigned sends = 2; sends <= SharePath::kMostSends; ++sends) {
    line.lose();
    line.connect();
    CHECK(line.nonces_sent().size() == 1);
  }
  CHECK(line.drops.empty());
  line.lose();
  line.connect();
  CHECK(line.nonces_sent().empty());
  REQUIRE(line.drops.size() == 1);
  CHECK(line.drops[0].why == Why::unanswered);
}

TEST_CASE("share path: after too long nobody remembers the session") {
  Line line;
  line.connect();
  line.push(1000);
  line.pump();
  line.lose();
  line.now += SharePath::kResumeWithin;
  CHECK(line.path.resumption(line.now));
  line.now += 1ms;
  CHECK_FALSE(line.path.resumption(line.now));
  CHECK(line.drops.size() == 1);
}

TEST_CASE("share path: a pool that hangs up on the session's name is asked without it") {
  Line line;
  line.connect();
  line.push(1000);
  line.pump();
  line.lose();
  for (int i = 0; i < SharePath::kMostVainAttempts; ++i) {
    line.connect("");
    CHECK(line.client->sent("mining.subscribe").at(0).at("params").as_array().size() == 2);
    CHECK(line.drops.empty());
    line.lose();
  }
  line.connect("");
  CHECK(line.client->sent("mining.subscribe").at(0).at("params").as_array().size() == 1);
  CHECK(line.drops.size() == 1);
}

TEST_CASE("share path: attempts in vain are counted in a row") {
  Line line;
  line.connect();
  for (int round = 0; round < 3; ++round) {
    line.lose();
    line.connect("");
    line.lose();
    line.connect();
    CHECK(line.client->all<Subscribed>().at(0).resumed);
  }
}

TEST_CASE("share path: the rate holds for what is sent again") {
  Line line;
  line.connect();
  line.now += 10s;
  for (std::uint32_t i = 0; i < 150; ++i)
    line.push(1000 + i, i);
  line.pump();
  line.now += 1s;
  line.pump();
  CHECK(line.nonces_sent().size() == 150);
  line.lose();
  line.now += 10s;
  line.connect();
  CHECK(line.nonces_sent().size() == 100);
  line.now += 1s;
  line.pump();
  CHECK(line.nonces_sent().size() == 150);
  CHECK(line.drops.empty());
}

TEST_CASE("share path: while a pool answers nothing the best wait, and a block does not") {
  Line line;
  line.connect();
  for (std::uint32_t i = 0; i < Session::kMaxUnansweredSubmits + 500; ++i) {
    line.now += 10ms;
    line.push(1000 + i, i);
    line.pump();
  }
  CHECK(line.nonces_sent().size() == Session::kMaxUnansweredSubmits);
  REQUIRE(line.drops.size() == 300);  // 200 wait
  for (const ShareDropped& it : line.drops)
    CHECK(it.share.header.nonce < Session::kMaxUnansweredSubmits + 300);
  line.now += 10ms;
  line.push(1e15, 0xb10c);
  line.pump();
  CHECK(line.nonces_sent().back() == "0000b10c");
}

TEST_CASE("share path: unanswered shares hold no more coinbase than 32 MiB") {
  Line line;
  line.connect();
  NotifyText text;
  text.coinbase2 = std::string(std::size_t{1} << 20, '0');  // half a MiB
  for (std::uint32_t i = 0; i < 100; ++i) {
    text.id = std::to_string(i);
    line.client->receive(text.line());
    line.now += 1s;
    line.push(1000 + i, i);
    line.pump();
  }
  CHECK(line.nonces_sent().size() == 63);
  CHECK(line.drops.empty());
}

TEST_CASE("share path: old answers are given up, the connection lives") {
  Line line;
  line.connect();
  line.push(1000, 1);
  line.pump();
  line.now += 60s;
  line.push(2000, 2);
  line.pump();
  line.path.forget(line.client->session, line.now);
  REQUIRE(line.drops.size() == 1);
  CHECK(line.drops[0].share.header.nonce == 1);
  line.client->answer("mining.submit", "true");
  CHECK(line.client->all<ShareJudged>().size() == 1);
}

TEST_CASE("share path: given up, every share has its end") {
  Line line;
  line.connect();
  const core::JobPtr job = line.client->job();
  line.push(1000, 1);
  line.pump();
  line.lose();
  line.path.push(share_of(job, 2000, 0, 2));
  line.path.give_up();
  CHECK(line.drops.size() == 2);
  CHECK(line.path.idle());
  CHECK_FALSE(line.path.resumption(line.now));
}

TEST_CASE("share path: every reason has its own name") {
  std::set<std::string_view> names;
  for (const Why why :
       {Why::stale, Why::duplicate, Why::withheld, Why::rate_limited, Why::unanswered})
    names.insert(name_of(why));
  CHECK(names.size() == 5);
}

}  // namespace ebb::stratum
