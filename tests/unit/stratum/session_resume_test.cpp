// A session that goes on over a new connection: what lives on, and what must not.

#include "tests/unit/catch.h"
#include "tests/unit/stratum/session_support.h"

namespace ebb::stratum {

using namespace session_tests;
using namespace std::chrono_literals;

namespace {

/// The next connection's session, up to its subscription.
Client next(Client& last, std::uint64_t number = 8) {
  SessionConfig config = Client::default_config();
  config.session = number;
  config.version_form = last.session.version_form();
  config.resumption = last.session.resumption();
  return Client(std::move(config));
}

void take_up(Client& client, const std::string& subscribe_result = kSubscribeResult) {
  client.answer("mining.configure", R"({"version-rolling":false})");
  client.answer("mining.subscribe", subscribe_result);
}

std::string other_block(const std::string& id) {
  NotifyText text;
  text.id = id;
  text.prev_hash = std::string(64, '2');
  return text.line();
}

std::string error(int code, const std::string& text) {
  return "[" + std::to_string(code) + ",\"" + text + "\",null]";
}

}  // namespace

TEST_CASE("resume: the first subscription names no session") {
  const Client client;
  CHECK(client.sent("mining.subscribe").at(0).at("params") == boost::json::array{"ebb/test"});
  CHECK_FALSE(client.session.resumption());
}

TEST_CASE("resume: the next subscription names the session that was lost") {
  Client first = Client::ready();
  Client second = next(first);
  CHECK(second.sent("mining.subscribe").at(0).at("params") == boost::json::array{"ebb/test", "s"});
}

TEST_CASE("resume: which of the names in a subscription is the session's") {
  const struct {
    const char* result;
    const char* id;
  } results[] = {
      {R"([[["mining.notify","6b02cccc"]],"c9cc026b",8])", "6b02cccc"},
      {R"([[["mining.notify","b1"],["mining.set_difficulty","b2"]],"b10cf00d",8])", "b1"},
      {R"([[["mining.set_difficulty","b2"],["mining.notify","b1"]],"b10cf00d",8])", "b1"},
      {R"([[["mining.set_difficulty","b2"]],"b10cf00d",8])", "b2"},
      {R"([["mining.notify","b1"],"b10cf00d",8])", "b1"},
      {R"([null,"b10cf00d",8])", ""},
      {R"([[],"b10cf00d",8])", ""},
      {R"([[["mining.notify"]],"b10cf00d",8])", ""},
      {R"([[["mining.notify",7]],"b10cf00d",8])", ""},
      {R"([[["mining.notify",null]],"b10cf00d",8])", ""},
      {R"(["x","b10cf00d",8])", ""},
  };
  for (const auto& it : results) {
    INFO(it.result);
    CHECK(read_session_id(json_of(reply(1, it.result))) == it.id);
  }
  const std::string long_id(kMaxSessionIdBytes + 1, 'a');
  CHECK(read_session_id(
            json_of(reply(1, "[[[\"mining.notify\",\"" + long_id + "\"]],\"b10cf00d\",8]"))) == "");
  CHECK(read_session_id(json_of(reply(1, "null"))) == "");
}

TEST_CASE("resume: a session that was not named, or not yet subscribed, leaves nothing") {
  Client client;
  CHECK_FALSE(client.session.resumption());
  client.answer("mining.subscribe", R"([null,"01020304",4])");
  CHECK_FALSE(client.session.resumption());
}

TEST_CASE("resume: the same extranonces are the same session") {
  Client first = Client::ready();
  first.receive(notify("a"));
  Client second = next(first);
  take_up(second);
  CHECK(second.all<Subscribed>().at(0).resumed);
  CHECK(second.session.number() == 7);
  CHECK(second.session.jobs_kept() == 1);
}

TEST_CASE("resume: other extranonces, or none, are another session") {
  for (const char* result : {
           R"([[["mining.notify","s"]],"01020305",4])",
           R"([[["mining.notify","s"]],"01020304",8])",
           R"([[["mining.notify","s"]],"0102030400",4])",
           R"([[["mining.notify","s"]],"",4])",
       }) {
    INFO(result);
    Client first = Client::ready();
    first.receive(notify("a"));
    const core::JobPtr job = first.job();
    Client second = next(first);
    take_up(second, result);
    second.answer("mining.authorize", "true");
    CHECK_FALSE(second.all<Subscribed>().at(0).resumed);
    CHECK(second.session.number() == 8);
    CHECK(second.session.jobs_kept() == 0);
    CHECK(second.submit(share_of(job)) == SubmitResult::stale);
    CHECK(second.submit(share_of(job, 1e9)) == SubmitResult::stale);  // a block of another coinbase
  }
}

TEST_CASE("resume: no extranonce1 at all proves nothing") {
  Client first;
  first.answer("mining.subscribe", R"([[["mining.notify","s"]],"",4])");
  Client second = next(first);
  take_up(second, R"([[["mining.notify","s"]],"",4])");
  CHECK_FALSE(second.all<Subscribed>().at(0).resumed);
}

TEST_CASE("resume: jobs go on under the old number, and shares of both connections are sent") {
  Client first = Client::ready();
  first.receive(notify("a"));
  const core::JobPtr before = first.job();
  Client second = next(first);
  take_up(second);
  second.answer("mining.authorize", "true");
  second.receive(notify("b"));
  REQUIRE(second.job());
  CHECK(second.job()->session == 7);
  CHECK(second.submit(share_of(before)) == SubmitResult::sent);
  CHECK(second.submit(share_of(second.job())) == SubmitResult::sent);
}

TEST_CASE("resume: ckpool's first job on a connection is marked clean and voids no other") {
  Client first = Client::ready();
  first.receive(notify("a"));
  const core::JobPtr before = first.job();
  first.receive(notify("b"));
  Client second = next(first);
  take_up(second);
  second.answer("mining.authorize", "true");
  second.receive(notify("b", "true"));
  REQUIRE(second.job());  // told again: whoever mines was told that the work is void
  CHECK(second.job()->id == "b");
  CHECK_FALSE(second.job()->clean);  // the extranonce2 goes on counting
  CHECK(second.submit(share_of(before)) == SubmitResult::sent);

  second.receive(notify("c", "true"));  // the second one means it
  CHECK(second.job()->clean);
  CHECK(second.submit(share_of(before, 1000, 0, 2)) == SubmitResult::stale);
}

TEST_CASE("resume: another block has come meanwhile") {
  Client first = Client::ready();
  first.receive(notify("a"));
  const core::JobPtr before = first.job();
  Client second = next(first);
  take_up(second);
  second.answer("mining.authorize", "true");
  second.receive(other_block("b"));
  CHECK(second.job()->clean);
  CHECK(second.submit(share_of(before)) == SubmitResult::stale);
  CHECK(second.submit(share_of(before, 20'000)) == SubmitResult::sent);  // it solves a block
}

TEST_CASE("resume: shares wait for the first job, which says whether theirs is stale") {
  Client first = Client::ready();
  first.receive(notify("a"));
  Client second = next(first);
  take_up(second);
  CHECK_FALSE(second.session.takes_shares());
  second.answer("mining.authorize", "true");
  CHECK_FALSE(second.session.takes_shares());
  second.receive(notify("a"));
  CHECK(second.session.takes_shares());
}

TEST_CASE("resume: shares wait for the answer to configure, or for its end") {
  Client first = Client::ready("1fffe000");
  first.receive(notify("a"));
  const core::JobPtr before = first.job();
  Client second = next(first);
  second.answer("mining.subscribe", kSubscribeResult);
  second.answer("mining.authorize", "true");
  second.receive(notify("a"));
  CHECK_FALSE(second.session.takes_shares());
  SECTION("granted again") {
    second.answer("mining.configure",
                  R"({"version-rolling":true,"version-rolling.mask":"1fffe000"})");
    CHECK(second.session.takes_shares());
    CHECK(second.submit(share_of(before, 1000, 0x2000)) == SubmitResult::sent);
    CHECK(second.job()->version_mask == 0x1fffe000);
  }
  SECTION("never answered: what rolled cannot be sent") {
    second.configure_timed_out();
    CHECK(second.session.takes_shares());
    CHECK(second.submit(share_of(before, 1000, 0x2000)) == SubmitResult::stale);
    CHECK(second.submit(share_of(before)) == SubmitResult::sent);
  }
}

TEST_CASE("resume: a new session does not wait for configure") {
  Client client;
  client.answer("mining.subscribe", kSubscribeResult);
  CHECK_FALSE(client.session.takes_shares());
  client.answer("mining.authorize", "true");
  CHECK(client.session.takes_shares());
}

TEST_CASE("resume: a mask that comes before the first job gives out no work yet") {
  Client first = Client::ready("1fffe000");
  first.receive(notify("a"));
  Client second = next(first);
  second.answer("mining.subscribe", kSubscribeResult);
  second.answer("mining.configure",
                R"({"version-rolling":true,"version-rolling.mask":"0000e000"})");
  CHECK_FALSE(second.job());
  second.receive(notify("a"));
  REQUIRE(second.job());
  CHECK(second.job()->version_mask == 0x0000e000);
}

TEST_CASE("resume: the difficulty that held goes on, unless the pool tells another first") {
  Client first = Client::ready();
  first.receive(set_difficulty("512"));
  first.receive(notify("a"));
  SECTION("nothing is said") {
    Client second = next(first);
    take_up(second);
    second.receive(notify("b"));
    CHECK(second.job()->share_target == *core::Target::from_difficulty(512));
  }
  SECTION("after the subscription") {
    Client second = next(first);
    take_up(second);
    second.receive(set_difficulty("64"));
    second.receive(notify("b"));
    CHECK(second.job()->share_target == *core::Target::from_difficulty(64));
  }
  SECTION("before the subscription") {
    Client second = next(first);
    second.receive(set_difficulty("64"));
    second.receive(notify("b"));
    take_up(second);
    CHECK(second.job()->share_target == *core::Target::from_difficulty(64));
  }
}

TEST_CASE("resume: a share of an easier time waits for no verdict that it cannot get") {
  Client first = Client::ready();
  first.receive(set_difficulty("64"));
  first.receive(notify("a"));
  const core::JobPtr before = first.job();
  Client second = next(first);
  take_up(second);
  second.answer("mining.authorize", "true");
  second.receive(set_difficulty("512"));
  second.receive(notify("a"));
  CHECK(second.submit(share_of(before, 100)) == SubmitResult::withheld);
  CHECK(second.submit(share_of(before, 600)) == SubmitResult::sent);
}

TEST_CASE("resume: an extranonce1 that was changed since is the one to come back with") {
  Client first = Client::ready();
  first.receive(call("mining.set_extranonce", R"(["0a0b0c0d",4])"));
  first.receive(notify("a"));
  Client same = next(first);
  take_up(same, R"([[["mining.notify","s"]],"0a0b0c0d",4])");
  CHECK(same.all<Subscribed>().at(0).resumed);
  Client reset = next(first);
  take_up(reset);
  CHECK_FALSE(reset.all<Subscribed>().at(0).resumed);
}

TEST_CASE("resume: over several connections") {
  Client first = Client::ready();
  first.receive(notify("a"));
  const core::JobPtr before = first.job();
  Client second = next(first, 8);
  take_up(second, R"([[["mining.notify","t"]],"01020304",4])");
  Client third = next(second, 9);
  CHECK(third.sent("mining.subscribe").at(0).at("params").at(1) == "t");  // ckpool names anew
  take_up(third);
  third.answer("mining.authorize", "true");
  third.receive(notify("a"));
  CHECK(third.session.number() == 7);
  CHECK(third.submit(share_of(before)) == SubmitResult::sent);
}

TEST_CASE("resume: what was unanswered comes back once, with how often it was sent") {
  Client client = Client::ready();
  client.receive(notify("a"));
  client.submit(share_of(client.job(), 1000, 0, 1));
  client.session.submit(share_of(client.job(), 1000, 0, 2), {}, 1);
  client.answer("mining.authorize", "true");
  const auto unanswered = client.session.take_unanswered();
  REQUIRE(unanswered.size() == 2);
  CHECK(unanswered[0].share.header.nonce == 1);
  CHECK(unanswered[0].sends == 1);
  CHECK(unanswered[1].sends == 2);
  CHECK(client.session.take_unanswered().empty());
  CHECK(client.session.unanswered_submits() == 0);
}

TEST_CASE("resume: a duplicate that was sent before is the first one's arrival") {
  Client client = Client::ready();
  client.receive(notify("a"));
  client.session.submit(share_of(client.job()), {}, 1);
  client.receive(notify("a"));  // collects
  client.answer("mining.submit", "null", error(22, "Duplicate"));
  const auto verdict = client.all<ShareJudged>().at(0);
  CHECK(verdict.accepted);
  CHECK(verdict.text == "Duplicate");
}

TEST_CASE("resume: other refusals of a share sent again stand, as does a first one's duplicate") {
  Client client = Client::ready();
  client.receive(notify("a"));
  client.session.submit(share_of(client.job(), 1000, 0, 1), {}, 1);
  client.receive(notify("a"));
  client.answer("mining.submit", "null", error(21, "Stale"));
  client.submit(share_of(client.job(), 1000, 0, 2));
  client.answer("mining.submit", "null", error(22, "Duplicate"));
  const auto verdicts = client.all<ShareJudged>();
  REQUIRE(verdicts.size() == 2);
  CHECK_FALSE(verdicts[0].accepted);
  CHECK_FALSE(verdicts[1].accepted);
}

TEST_CASE("resume: only old shares are forgotten") {
  Client client = Client::ready();
  client.receive(notify("a"));
  const Session::Clock::time_point start{100s};
  client.session.submit(share_of(client.job(), 1000, 0, 1), start);
  client.session.submit(share_of(client.job(), 1000, 0, 2), start + 5s);
  const auto forgotten = client.session.take_unanswered(start + 5s);
  REQUIRE(forgotten.size() == 1);
  CHECK(forgotten[0].share.header.nonce == 1);
  CHECK(client.session.unanswered_submits() == 1);
}

TEST_CASE("verdicts carry how long they took") {
  Client client = Client::ready();
  client.receive(notify("a"));
  const Session::Clock::time_point start{100s};
  client.session.submit(share_of(client.job()), start);
  client.receive(notify("a"));  // collects
  client.session.receive(reply(client.id_of("mining.submit"), "true"), start + 45ms);
  client.receive(notify("a"));
  CHECK(client.all<ShareJudged>().at(0).latency == 45ms);
}

TEST_CASE("the version form that was learnt is the next session's first") {
  Client first = Client::ready("1fffe000");
  NotifyText signalling;
  signalling.version = "30000000";
  first.receive(signalling.line());
  for (std::uint32_t nonce = 0; nonce < 2; ++nonce) {
    first.submit(share_of(first.job(), 1000, 0x2000, nonce));
    first.answer("mining.submit", "null", error(23, "bad-version"));
  }
  CHECK(first.session.version_form().current() == VersionForm::Form::masked);
  Client second = next(first);
  second.answer("mining.configure",
                R"({"version-rolling":true,"version-rolling.mask":"1fffe000"})");
  second.answer("mining.subscribe", R"([[["mining.notify","s"]],"ffffffff",4])");
  second.answer("mining.authorize", "true");
  second.receive(signalling.line());
  second.submit(share_of(second.job(), 1000, 0x2000));
  CHECK(second.submitted().at(5) == "10002000");
}

TEST_CASE("stale shares are sent where the pool pays for them, and only then") {
  for (const bool pays : {false, true}) {
    SessionConfig config = Client::default_config();
    config.submit_stale = pays;
    Client client(std::move(config));
    client.answer("mining.configure", R"({"version-rolling":false})");
    client.answer("mining.subscribe", kSubscribeResult);
    client.answer("mining.authorize", "true");
    client.receive(notify("a"));
    const core::JobPtr voided = client.job();
    client.receive(other_block("b"));
    CHECK(client.submit(share_of(voided)) == (pays ? SubmitResult::sent : SubmitResult::stale));
    // Whoever pays for stale shares pays for none that misses the target or rolls what it may not.
    CHECK(client.submit(share_of(voided, 0.5)) ==
          (pays ? SubmitResult::withheld : SubmitResult::stale));
    CHECK(client.submit(share_of(voided, 1000, 0x2000)) == SubmitResult::stale);
  }
}

}  // namespace ebb::stratum
