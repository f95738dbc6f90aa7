#include "stratum/server/server_session.h"

#include "tests/unit/catch.h"
#include "tests/unit/stratum/server_session_support.h"

namespace ebb::stratum::server {
namespace json = boost::json;

TEST_CASE("server session: subscribe, authorize, work") {
  Talk talk(session_config(0.5));
  talk.set_job(some_template(), true);
  const json::object subscribe = talk.ask("mining.subscribe", {"test/1"});
  CHECK(json::serialize(subscribe.at("result")) ==
        R"([[["mining.set_difficulty","dead0001"],["mining.notify","dead0001"]],"dead0001",8])");
  CHECK(subscribe.at("error").is_null());
  CHECK(talk.client.methods.empty());

  CHECK(verdict_of(talk.ask("mining.authorize", {"alice", "x"})) == "ok");
  CHECK(talk.client.methods == std::vector<std::string>{"mining.set_difficulty", "mining.notify"});
  CHECK(talk.client.difficulty == 0.5);
  CHECK(talk.client.job.clean);
  CHECK(talk.client.job.prev_hash == some_template().prev_hash);
  CHECK(talk.client.job.version == 0x20000000);
  CHECK(talk.client.job.bits == kHardBits);
  CHECK(talk.client.job.time == kTime);
  const auto& authorised = std::get<ClientAuthorised>(talk.events.front());
  CHECK(authorised.user == "alice");
  CHECK(authorised.agent == "test/1");
}

TEST_CASE("server session: work waits for the last of subscribe, authorize and job") {
  Talk talk(session_config(1));
  SECTION("authorize first") {
    talk.set_job(some_template(), true);
    talk.ask("mining.authorize", {"alice", "x"});
    CHECK(talk.client.methods.empty());
    talk.ask("mining.subscribe", {});
  }
  SECTION("no job yet") {
    talk.begin();
    CHECK(talk.client.methods.empty());
    talk.set_job(some_template(), true);
  }
  CHECK(talk.client.methods == std::vector<std::string>{"mining.set_difficulty", "mining.notify"});
}

TEST_CASE("server session: a whole number of difficulty has no fraction") {
  Talk talk(session_config(16384));
  talk.session.set_job(job_of(some_template()), true, at(0));
  talk.session.receive(talk.client.request("mining.subscribe", {}), at(0));
  talk.session.receive(talk.client.request("mining.authorize", {"a", "b"}), at(0));
  CHECK(talk.session.take_output().find("\"params\":[16384]") != std::string::npos);
}

TEST_CASE("server session: configure") {
  ServerSessionConfig config = session_config(1);
  const json::array rolling = {"version-rolling"};
  const auto result_of = [&](json::array params) {
    Talk talk(config);
    return json::serialize(talk.ask("mining.configure", std::move(params)).at("result"));
  };
  const auto masked = [](const char* mask) {
    return json::object{{"version-rolling.mask", mask}, {"version-rolling.min-bit-count", 2}};
  };
  CHECK(result_of({rolling, masked("ffffffff")}) ==
        R"({"version-rolling":true,"version-rolling.mask":"1fffe000"})");
  CHECK(result_of({rolling, masked("0000e00f")}) ==
        R"({"version-rolling":true,"version-rolling.mask":"0000e000"})");
  CHECK(result_of({rolling, masked("e0001fff")}) == R"({"version-rolling":false})");
  CHECK(result_of({rolling, json::object{}}) ==
        R"({"version-rolling":true,"version-rolling.mask":"1fffe000"})");
  CHECK(result_of({json::array{"minimum-difficulty", "version-rolling", "x\"y"},
                   json::object{{"version-rolling.mask", "1fffe000"},
                                {"minimum-difficulty.value", 2048}}}) ==
        R"({"minimum-difficulty":false,"version-rolling":true,)"
        R"("version-rolling.mask":"1fffe000","x\"y":false})");
  CHECK(result_of({json::array{}, json::object{}}) == "{}");
  for (const json::array& bad :
       {json::array{}, json::array{"version-rolling"}, json::array{rolling, 1},
        json::array{json::array{1}, json::object{}}, json::array{rolling, masked("xyz")},
        json::array{rolling, json::object{{"version-rolling.mask", 7}}}})
    CHECK(result_of(bad) == "null");

  config.version_mask = 0;
  CHECK(result_of({rolling, masked("ffffffff")}) == R"({"version-rolling":false})");
}

TEST_CASE("server session: users") {
  Talk talk(session_config(1));
  const auto authorize = [&](json::array params) {
    return verdict_of(talk.ask("mining.authorize", std::move(params)));
  };
  CHECK(authorize({"bob"}) == "ok");
  CHECK(authorize({std::string(128, 'u'), ""}) == "ok");
  CHECK(authorize({"", "x"}) == "20 Invalid username");
  CHECK(authorize({std::string(129, 'u'), "x"}) == "20 Invalid username");
  CHECK(authorize({"two\nlines", "x"}) == "20 Invalid username");
  CHECK(authorize({7, "x"}) == "20 Invalid username");
  CHECK(authorize({}) == "20 Invalid username");
  for (int i = 0; i < 14; ++i)
    CHECK(authorize({"user" + std::to_string(i)}) == "ok");
  CHECK(authorize({"one too many"}) == "20 Too many usernames");
  CHECK(authorize({"bob"}) == "ok");  // again
  CHECK(talk.count<ClientAuthorised>() == 16);
}

TEST_CASE("server session: time without work is no silence") {
  ServerSessionConfig config = session_config(1);
  config.vardiff = VardiffConfig{};
  Talk talk(config);
  talk.now = at(1000);
  talk.set_job(some_template(), true);
  talk.begin();
  talk.now = at(1001);
  talk.session.tick(talk.now);
  talk.pump();
  CHECK(talk.client.job_difficulty == 1);
  talk.now = at(1016);  // eight expected shares later
  talk.session.tick(talk.now);
  talk.pump();
  CHECK(talk.client.job_difficulty == 0.25);
}

TEST_CASE("server session: suggest_difficulty") {
  ServerSessionConfig config = session_config(1);
  config.vardiff = VardiffConfig{.min_difficulty = 0.01, .max_difficulty = 100};
  const auto suggest = [](Talk& talk, json::value value) {
    return talk.ask("mining.suggest_difficulty", {std::move(value)});
  };

  SECTION("before the first job") {
    Talk talk(config);
    talk.set_job(some_template(), true);
    CHECK(verdict_of(suggest(talk, 0.5)) == "ok");
    talk.begin();
    CHECK(talk.client.methods ==
          std::vector<std::string>{"mining.set_difficulty", "mining.notify"});
    CHECK(talk.client.job_difficulty == 0.5);
  }
  SECTION("at work: the job comes anew") {
    Talk talk(config);
    talk.set_job(some_template(), true);
    talk.begin();
    talk.client.methods.clear();
    suggest(talk, 7);
    CHECK(talk.client.job_difficulty == 7);
    suggest(talk, 1e9);
    CHECK(talk.client.job_difficulty == 100);
    suggest(talk, 1e-9);
    CHECK(talk.client.job_difficulty == 0.01);
    CHECK(talk.client.methods.size() == 6);
    suggest(talk, 0.001);  // still the bound: nothing new
    CHECK(talk.client.methods.size() == 6);
    for (const json::value& bad : {json::value(0), json::value(-1), json::value("4")})
      CHECK(verdict_of(suggest(talk, bad)) == "20 Invalid difficulty");
    CHECK(verdict_of(talk.ask("mining.suggest_difficulty", {})) == "20 Invalid difficulty");
  }
  SECTION("without vardiff it changes nothing") {
    config.vardiff.reset();
    Talk talk(config);
    talk.set_job(some_template(), true);
    talk.begin();
    CHECK(suggest(talk, 7).at("result") == false);
    CHECK(talk.client.job_difficulty == 1);
  }
}

TEST_CASE("server session: other methods") {
  Talk talk = working();
  CHECK(verdict_of(talk.ask("mining.extranonce.subscribe", {})) == "ok");
  CHECK(verdict_of(talk.ask("mining.get_transactions", {})) == "-3 Method not found");
  CHECK(verdict_of(talk.ask("", {})) == "-3 Method not found");

  // Ids come back as they are; notifications and replies get no answer.
  const auto answer_to = [&](const char* line) {
    talk.session.receive(line, talk.now);
    return talk.session.take_output();
  };
  CHECK(answer_to(R"({"id":"abc\n","method":"x"})") ==
        R"({"id":"abc\n","result":null,"error":[-3,"Method not found",null]})"
        "\n");
  CHECK(answer_to(R"({"id":-5,"method":"x","params":null})").starts_with(R"({"id":-5,)"));
  CHECK(answer_to(R"({"id":null,"method":"mining.subscribe","params":[]})").empty());
  CHECK(answer_to(R"({"method":"mining.subscribe","params":[]})").empty());
  CHECK(answer_to(R"({"id":4,"result":true,"error":null})").empty());
}

TEST_CASE("server session: bad lines are answered, and three in a row end it") {
  Talk talk = working();
  const std::string long_id(65, 'i');
  const std::string bad[] = {"",
                             "nonsense",
                             "[1,2]",
                             "{}",
                             R"({"id":1})",
                             R"({"id":1,"method":5})",
                             R"({"id":[1],"method":"mining.submit"})",
                             R"({"id":")" + long_id + R"(","method":"mining.submit"})",
                             std::string(R"({"id":1,"method":"a)") + '\0' + R"("})",
                             "{\"id\":1,\"method\":\"\xff\xfe\"}",
                             std::string(10'000, '[')};
  int answered = 0;
  for (const std::string& line : bad) {
    INFO(line.substr(0, 40));
    talk.say(line);
    CHECK(talk.client.nameless_errors == ++answered);
    CHECK(std::holds_alternative<BadLine>(talk.events.back()));
    talk.ask("mining.authorize", {"alice"});  // a good one in between
  }
  CHECK_FALSE(talk.session.finished());

  talk.say("x");
  talk.session.overlong_line();
  CHECK_FALSE(talk.session.finished());
  talk.say("y");
  CHECK(talk.session.finished());
  const int so_far = talk.client.nameless_errors;
  talk.say("z");
  talk.say(talk.client.request("mining.authorize", {"alice"}));
  CHECK(talk.client.nameless_errors == so_far);
}

}  // namespace ebb::stratum::server
