// mining.submit: its params, and the pool's verdicts.

#include "tests/unit/catch.h"
#include "tests/unit/stratum/session_support.h"

namespace ebb::stratum {

using namespace session_tests;

namespace json = boost::json;

TEST_CASE("submit: user, job, extranonce2, ntime and nonce, eight digits each, lower case") {
  Client client = Client::ready();
  NotifyText text;
  text.id = "N6b02d0340bc0d4ff";
  text.time = "0000ABCD";
  client.receive(text.line());
  CHECK(client.submit(share_of(client.job(), 1000, 0, 0x0000beef)) == SubmitResult::sent);
  CHECK(client.submitted() ==
        json::array{"alice.rig1", "N6b02d0340bc0d4ff", "a1b2c3d4", "0000abce", "0000beef"});
}

TEST_CASE("submit: the sixth param if and only if version rolling is on") {
  Client without = Client::ready();
  without.receive(notify("a"));
  without.submit(share_of(without.job()));
  CHECK(without.submitted().size() == 5);

  Client with = Client::ready("1fffe000");
  with.receive(notify("a"));
  with.submit(share_of(with.job(), 1000, 0x0002e000));
  REQUIRE(with.submitted().size() == 6);
  CHECK(with.submitted().at(5) == "0002e000");
  with.submit(share_of(with.job()));
  CHECK(with.submitted().at(5) == "00000000");
}

TEST_CASE("verdicts come back with their share, in any order") {
  Client client = Client::ready();
  client.receive(notify("a"));
  client.submit(share_of(client.job(), 1000, 0, 1));
  const auto first = client.id_of("mining.submit");
  client.submit(share_of(client.job(), 1000, 0, 2));
  const auto second = client.id_of("mining.submit");
  CHECK(client.session.unanswered_submits() == 2);

  client.receive(reply(second, "true"));
  client.receive(reply(first, "null", R"([22,"duplicate",null])"));
  const auto verdicts = client.all<ShareJudged>();
  REQUIRE(verdicts.size() == 2);
  CHECK(verdicts[0].share.header.nonce == 2);
  CHECK(verdicts[0].accepted);
  CHECK(verdicts[1].share.header.nonce == 1);
  CHECK_FALSE(verdicts[1].accepted);
  CHECK(verdicts[1].reason == RejectReason::duplicate);
  CHECK(verdicts[1].text == "duplicate");
  CHECK(client.session.unanswered_submits() == 0);
}

TEST_CASE("a verdict is given once; a second one is counted and dropped") {
  Client client = Client::ready();
  client.receive(notify("a"));
  client.submit(share_of(client.job()));
  client.answer("mining.submit", "true");
  client.answer("mining.submit", "false");
  CHECK(client.all<ShareJudged>().size() == 1);
  CHECK(client.session.unmatched_replies() == 1);
}

TEST_CASE("every shape of rejection ends in one reason") {
  const struct {
    const char* line;
    RejectReason reason;
  } shapes[] = {
      {R"("result":null,"error":[21,"Job not found",null])", RejectReason::stale},
      {R"("result":null,"error":{"code":23,"message":"Low difficulty share"})",
       RejectReason::low_difficulty},
      {R"("result":false,"error":null,"reject-reason":"Above target")",
       RejectReason::low_difficulty},
      {R"("result":false,"error":"Invalid version mask")", RejectReason::bad_version},
      {R"("result":null,"error":null)", RejectReason::other},
      {R"("result":false)", RejectReason::other},
  };
  for (const auto& shape : shapes) {
    INFO(shape.line);
    Client client = Client::ready();
    client.receive(notify("a"));
    client.submit(share_of(client.job()));
    client.receive("{\"id\":" + std::to_string(client.id_of("mining.submit")) + "," + shape.line +
                   "}");
    const auto verdicts = client.all<ShareJudged>();
    REQUIRE(verdicts.size() == 1);
    CHECK_FALSE(verdicts[0].accepted);
    CHECK(verdicts[0].reason == shape.reason);
  }
}

TEST_CASE("Miningcore: no error member at all is accepted") {
  Client client = Client::ready();
  client.receive(notify("a"));
  client.submit(share_of(client.job()));
  client.receive("{\"id\":" + std::to_string(client.id_of("mining.submit")) + ",\"result\":true}");
  CHECK(client.all<ShareJudged>().at(0).accepted);
}

TEST_CASE("a new block may come before the verdict on the share that made it") {
  Client client = Client::ready();
  client.receive(notify("a", "true"));
  client.submit(share_of(client.job()));
  NotifyText next;
  next.id = "b";
  next.prev_hash = std::string(64, '2');
  client.receive(next.line());
  client.answer("mining.submit", "true");
  CHECK(client.all<ShareJudged>().at(0).accepted);
}

TEST_CASE("unanswered submits are bounded; blocks have a reserve") {
  Client client = Client::ready();
  client.receive(notify("a"));
  const core::JobPtr job = client.job();
  for (std::size_t i = 0; i < Session::kMaxUnansweredSubmits; ++i) {
    REQUIRE(client.submit(share_of(job)) == SubmitResult::sent);
  }
  const auto first = client.id_of("mining.submit") - Session::kMaxUnansweredSubmits + 1;
  CHECK(client.submit(share_of(job)) == SubmitResult::not_ready);
  for (std::size_t i = 0; i < Session::kBlockSubmitReserve; ++i) {
    REQUIRE(client.submit(share_of(job, 20'000)) == SubmitResult::sent);
  }
  CHECK(client.submit(share_of(job, 20'000)) == SubmitResult::not_ready);
  CHECK(client.session.unanswered_submits() ==
        Session::kMaxUnansweredSubmits + Session::kBlockSubmitReserve);

  for (std::size_t i = 0; i <= Session::kBlockSubmitReserve; ++i)
    client.receive(reply(first + i, "true"));
  CHECK(client.submit(share_of(job)) == SubmitResult::sent);
}

TEST_CASE("a pool's words on a share are cut and cleaned") {
  Client client = Client::ready();
  client.receive(notify("a"));
  client.submit(share_of(client.job()));
  client.answer("mining.submit", "false", "\"\\u001b[2J" + std::string(500, 'x') + "\"");
  const std::string text = client.all<ShareJudged>().at(0).text;
  CHECK(text.size() == 200);
  CHECK(text.substr(0, 5) == " [2Jx");
}

}  // namespace ebb::stratum
