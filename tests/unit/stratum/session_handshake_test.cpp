// Opening a session: order of requests, replies in every order, what goes wrong.

#include "tests/unit/catch.h"
#include "tests/unit/stratum/session_support.h"

namespace ebb::stratum {

using namespace session_tests;

namespace json = boost::json;

TEST_CASE("start: configure and subscribe at once, ids from 1") {
  const Client client;
  REQUIRE(client.lines.size() == 2);
  CHECK(client.lines[0] == json_of(R"({"id":1,"method":"mining.configure","params":)"
                                   R"([["version-rolling"],{"version-rolling.mask":"1fffe000",)"
                                   R"("version-rolling.min-bit-count":2}]})"));
  CHECK(client.lines[1] ==
        json_of(R"({"id":2,"method":"mining.subscribe","params":["ebb/test"]})"));
  CHECK(client.session.configure_pending());
  CHECK_FALSE(client.session.subscribed());
}

TEST_CASE("start: without configure for servers that hang up on it") {
  SessionConfig config = Client::default_config();
  config.send_configure = false;
  Client client(config);
  REQUIRE(client.lines.size() == 1);
  CHECK(client.lines[0].at("method") == "mining.subscribe");
  CHECK(client.id_of("mining.subscribe") == 1);
  CHECK_FALSE(client.session.configure_pending());
}

TEST_CASE("authorize goes out upon the subscribe reply, without waiting for configure") {
  Client client;
  client.answer("mining.subscribe", kSubscribeResult);
  CHECK(client.session.subscribed());
  CHECK(client.session.configure_pending());
  const auto requests = client.sent("mining.authorize");
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].at("id") == 3);
  CHECK(requests[0].at("params") == json::array{"alice.rig1", "correct horse"});
  const auto subscribed = client.all<Subscribed>();
  REQUIRE(subscribed.size() == 1);
  CHECK(subscribed[0].extranonce1_bytes == 4);
  CHECK(subscribed[0].extranonce2_bytes == 4);
}

TEST_CASE("ids are unsigned integers, rise, and are never used twice") {
  Client client = Client::ready("1fffe000");
  client.receive(notify("a"));
  for (int i = 0; i < 5; ++i)
    client.submit(share_of(client.job()));
  std::uint64_t last = 0;
  for (const auto& line : client.lines) {
    REQUIRE(line.at("id").is_int64());
    const auto id = line.at("id").to_number<std::uint64_t>();
    CHECK(id > last);
    last = id;
  }
  CHECK(last >= 9);
}

TEST_CASE("a reply may come as soon as the line is taken: the request is known by then") {
  Session session(Client::default_config());
  session.start();
  session.receive(reply(2, kSubscribeResult));  // before take_output()
  CHECK(session.subscribed());
  CHECK(session.unmatched_replies() == 0);
}

TEST_CASE("suggest_difficulty follows the authorize reply, extranonce.subscribe too") {
  SessionConfig config = Client::default_config();
  config.suggest_difficulty = 1024.9;
  Client client(config);
  client.answer("mining.subscribe", kSubscribeResult);
  CHECK(client.sent("mining.suggest_difficulty").empty());
  CHECK(client.sent("mining.extranonce.subscribe").empty());
  client.answer("mining.authorize", "true");
  REQUIRE(client.sent("mining.suggest_difficulty").size() == 1);
  CHECK(client.sent("mining.suggest_difficulty")[0].at("params") == json::array{1024});
  REQUIRE(client.sent("mining.extranonce.subscribe").size() == 1);
  CHECK(client.sent("mining.extranonce.subscribe")[0].at("params") == json::array{});
}

TEST_CASE(
    "suggest_difficulty: an integer from 1 on, rounded down; a fraction below; else nothing") {
  const auto suggested = [](double difficulty) {
    SessionConfig config = Client::default_config();
    config.suggest_difficulty = difficulty;
    Client client(config);
    client.answer("mining.subscribe", kSubscribeResult);
    client.answer("mining.authorize", "true");
    const auto sent = client.sent("mining.suggest_difficulty");
    return sent.empty() ? json::value() : sent[0].at("params").as_array().at(0);
  };
  CHECK(suggested(1.0).is_int64());
  CHECK(suggested(1.999) == 1);
  CHECK(suggested(0.5) == 0.5);
  CHECK(suggested(0.001) == 0.001);
  CHECK(suggested(1e300).is_double());
  CHECK(suggested(0).is_null());
  CHECK(suggested(-1).is_null());
  CHECK(suggested(std::numeric_limits<double>::quiet_NaN()).is_null());
  CHECK(suggested(std::numeric_limits<double>::infinity()).is_null());
}

TEST_CASE("a suggestion made later is sent once authorised, and on nothing else") {
  Client client(Client::default_config());
  client.suggest_difficulty(64);
  client.answer("mining.subscribe", kSubscribeResult);
  CHECK(client.sent("mining.suggest_difficulty").empty());
  client.answer("mining.authorize", "true");
  REQUIRE(client.sent("mining.suggest_difficulty").size() == 1);
  client.suggest_difficulty(16);
  REQUIRE(client.sent("mining.suggest_difficulty").size() == 2);
  CHECK(client.sent("mining.suggest_difficulty")[1].at("params") == json::array{16});
}

TEST_CASE("suggestions that a pool never answers do not pile up: only the latest is waited for") {
  Client client(Client::default_config());
  client.answer("mining.subscribe", kSubscribeResult);
  client.answer("mining.authorize", "true");
  for (int i = 1; i <= 1000; ++i)
    client.suggest_difficulty(i);
  const auto sent = client.sent("mining.suggest_difficulty");
  REQUIRE(sent.size() == 1000);
  const auto unmatched = client.session.unmatched_replies();
  client.session.receive(reply(sent[998].at("id").to_number<std::uint64_t>(), "true"));
  CHECK(client.session.unmatched_replies() == unmatched + 1);
  client.session.receive(reply(sent[999].at("id").to_number<std::uint64_t>(), "true"));
  CHECK(client.session.unmatched_replies() == unmatched + 1);
}

TEST_CASE("optional requests may stay unanswered, be refused or be granted") {
  SessionConfig config = Client::default_config();
  config.suggest_difficulty = 8;
  Client client(config);
  client.answer("mining.subscribe", kSubscribeResult);
  client.answer("mining.authorize", "true");
  SECTION("refused") {
    client.answer("mining.suggest_difficulty", "null", R"([-3,"Method not found",null])");
    client.answer("mining.extranonce.subscribe", "null", R"([20,"Not supported.",null])");
  }
  SECTION("granted") {
    client.answer("mining.suggest_difficulty", "true");
    client.answer("mining.extranonce.subscribe", "true");
  }
  SECTION("silence") {}
  CHECK(client.session.authorised());
  CHECK(client.session.unmatched_replies() == 0);
  CHECK(client.all<LineRejected>().empty());
  client.receive(notify("a"));
  CHECK(client.submit(share_of(client.job())) == SubmitResult::sent);
}

TEST_CASE("notifications before the subscribe reply are kept and applied in order") {
  Client client;
  client.receive(set_difficulty("500"));
  client.receive(notify("a", "true"));
  client.receive(set_difficulty("2000"));
  client.receive(notify("b"));
  CHECK(client.events.empty());
  client.answer("mining.subscribe", kSubscribeResult);

  REQUIRE(client.events.size() == 5);
  CHECK(std::holds_alternative<Subscribed>(client.events[0]));
  CHECK(std::get<DifficultyChanged>(client.events[1]).difficulty == 500);
  const core::JobPtr a = std::get<JobReceived>(client.events[2]).job;
  CHECK(a->id == "a");
  CHECK(a->share_target == core::Target::from_difficulty(500));
  CHECK(core::to_hex(a->coinbase_prefix) == NotifyText().coinbase1 + "01020304");
  CHECK(std::get<DifficultyChanged>(client.events[3]).difficulty == 2000);
  const core::JobPtr b = std::get<JobReceived>(client.events[4]).job;
  CHECK(b->id == "b");
  CHECK(b->share_target == core::Target::from_difficulty(2000));
}

TEST_CASE("set_extranonce before the subscribe reply counts for what follows it") {
  Client client;
  client.receive(notify("a"));
  client.receive(call("mining.set_extranonce", R"(["ffff",2])"));
  client.receive(notify("b"));
  client.answer("mining.subscribe", kSubscribeResult);
  const auto jobs = client.all<JobReceived>();
  REQUIRE(jobs.size() == 2);
  CHECK(jobs[0].job->extranonce2_size == 4);
  CHECK(jobs[1].job->extranonce2_size == 2);
}

TEST_CASE("the buffer before the subscribe reply is bounded: the latest 16 count") {
  Client client;
  client.receive(set_difficulty("77"));
  for (int i = 0; i < 100; ++i)
    client.receive(notify("j" + std::to_string(i)));
  client.answer("mining.subscribe", kSubscribeResult);
  const auto jobs = client.all<JobReceived>();
  REQUIRE(jobs.size() == 16);
  CHECK(jobs.front().job->id == "j84");
  CHECK(jobs.back().job->id == "j99");
  // The difficulty fell out of the buffer, yet it came before all of them.
  CHECK(jobs.back().job->share_target == core::Target::from_difficulty(77));
}

TEST_CASE("datum: work before the authorize reply; shares wait for it") {
  Client client;
  client.answer("mining.subscribe", kSubscribeResult);
  client.receive(set_difficulty("1"));
  client.receive(notify("a", "true"));
  REQUIRE(client.job() != nullptr);
  CHECK(client.submit(share_of(client.job())) == SubmitResult::not_ready);
  client.answer("mining.authorize", "true");
  CHECK(client.submit(share_of(client.job())) == SubmitResult::sent);
}

TEST_CASE("a refused or unusable subscription ends the session") {
  Client client;
  SECTION("error") {
    client.answer("mining.subscribe", "null", R"([20,"full",null])");
  }
  SECTION("plain text error") {
    client.answer("mining.subscribe", "false", "\"go away\"");
  }
  SECTION("null") {
    client.answer("mining.subscribe", "null");
  }
  SECTION("extranonce1 of 33 bytes") {
    client.answer("mining.subscribe", "[[],\"" + std::string(66, 'a') + "\",4]");
  }
  SECTION("extranonce2 of 17 bytes") {
    client.answer("mining.subscribe", R"([[],"01",17])");
  }
  CHECK(client.all<SessionFailed>().size() == 1);
  CHECK(client.session.failed());
  CHECK_FALSE(client.session.subscribed());
  CHECK(client.sent("mining.authorize").empty());
  client.forget();
  client.receive(notify("a"));
  client.receive("garbage");
  CHECK(client.events.empty());
}

TEST_CASE("a refused authorization is reported; the connection stays, nothing is submitted") {
  Client client;
  client.answer("mining.subscribe", kSubscribeResult);
  SECTION("ckpool: false and no error") {
    client.answer("mining.authorize", "false");
    CHECK(client.all<AuthorisationFailed>().at(0).text.empty());
  }
  SECTION("with words") {
    client.answer("mining.authorize", "null", R"([24,"Unauthorized worker",null])");
    CHECK(client.all<AuthorisationFailed>().at(0).text == "Unauthorized worker");
  }
  SECTION("neither yes nor no") {
    client.answer("mining.authorize", "null");
    CHECK(client.all<AuthorisationFailed>().size() == 1);
  }
  CHECK_FALSE(client.session.authorised());
  CHECK_FALSE(client.session.failed());
  CHECK(client.sent("mining.suggest_difficulty").empty());
  client.receive(notify("a"));
  CHECK(client.submit(share_of(client.job())) == SubmitResult::not_ready);
}

TEST_CASE("the password is in the authorize line and nowhere else") {
  Client client;
  client.answer("mining.subscribe", kSubscribeResult);
  client.answer("mining.authorize", "false", R"([24,"bad login alice.rig1:correct horse",null])");
  CHECK(client.all<AuthorisationFailed>().at(0).text == "bad login alice.rig1:***");
  client.receive(call("client.show_message", R"(["hi correct horse, correct horse"])"));
  CHECK(client.all<PoolMessage>().at(0).text == "hi ***, ***");
  // A host is logged and given to the resolver: neither may learn the password.
  client.receive(call("client.reconnect", R"(["a.correct horse.example",3333])"));
  CHECK(client.all<ReconnectRequested>().empty());
  CHECK(client.all<LineRejected>().at(0).what.find("horse") == std::string::npos);
}

TEST_CASE("JSON in user, password and job id is escaped") {
  SessionConfig config = Client::default_config();
  config.user = "a\"b\\c";
  config.password = "x\n\ty";
  Client client(config);
  client.answer("mining.subscribe", kSubscribeResult);
  CHECK(client.sent("mining.authorize").at(0).at("params") == json::array{"a\"b\\c", "x\n\ty"});
  client.answer("mining.authorize", "true");
  client.receive(notify("j\\\"\\u0000\\/"));
  CHECK(client.submit(share_of(client.job())) == SubmitResult::sent);
  CHECK(client.submitted().at(1) == json::string(std::string("j\"\0/", 4)));
}

}  // namespace ebb::stratum
