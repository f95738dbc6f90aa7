// What the pool may say besides work: questions, orders, nonsense.

#include "tests/unit/catch.h"
#include "tests/unit/stratum/session_support.h"

namespace ebb::stratum {

using namespace session_tests;

TEST_CASE("mining.ping and client.get_version are answered under the pool's id") {
  Client client = Client::ready();
  client.receive(R"({"params":[],"id":42,"method":"mining.ping"})");
  client.receive(R"({"id":"v","method":"client.get_version","params":[]})");
  client.receive(R"({"id":0,"method":"client.get_version"})");
  REQUIRE(client.lines.size() == 3);
  CHECK(client.lines[0] == json_of(R"({"id":42,"result":"pong","error":null})"));
  CHECK(client.lines[1] == json_of(R"({"id":"v","result":"ebb/test","error":null})"));
  CHECK(client.lines[2] == json_of(R"({"id":0,"result":"ebb/test","error":null})"));
}

TEST_CASE("an unknown method with an id is answered with an error, without one ignored") {
  Client client = Client::ready();
  client.receive(R"({"id":5,"method":"mining.nosuch","params":[]})");
  REQUIRE(client.lines.size() == 1);
  CHECK(client.lines[0] == json_of(R"({"id":5,"result":null,"error":[38,"Unknown method",null]})"));
  client.receive(R"({"id":null,"method":"mining.nosuch","params":[]})");
  client.receive(R"({"method":"mining.nosuch"})");
  CHECK(client.lines.size() == 1);
  CHECK(client.events.empty());
}

TEST_CASE("ids that cannot be sent back are not answered") {
  Client client = Client::ready();
  for (const std::string& id : {std::string("[1]"), std::string("{\"a\":1}"), std::string("true"),
                                std::string("1e400"), "\"" + std::string(65, 'x') + "\""}) {
    client.receive("{\"id\":" + id + ",\"method\":\"mining.ping\"}");
  }
  CHECK(client.lines.empty());
  CHECK(client.events.empty());
}

TEST_CASE("a message with a method is no reply, whatever its id") {
  Client client;
  client.receive(R"({"id":2,"method":"mining.set_difficulty","params":[8]})");
  client.receive(R"({"id":0,"method":"mining.notify","params":[]})");
  client.receive(R"({"method":"mining.set_difficulty","params":[9]})");
  CHECK_FALSE(client.session.subscribed());
  client.answer("mining.subscribe", kSubscribeResult);
  CHECK(client.session.subscribed());
  CHECK(client.all<DifficultyChanged>().size() == 2);
  CHECK(client.lines.size() == 3);  // configure, subscribe, authorize: notifications get no answer
}

TEST_CASE("replies to nothing are counted and dropped; they are no bad lines") {
  Client client = Client::ready();
  for (int i = 0; i < 10; ++i) {
    for (const char* line : {R"({"id":999,"result":true})", R"({"id":null,"result":true})", "{}",
                             R"({"jsonrpc":"2.0"})", R"({"id":"x","error":"y"})"}) {
      client.receive(line);
    }
  }
  CHECK(client.session.unmatched_replies() == 50);
  CHECK(client.session.bad_lines() == 0);
  CHECK(client.events.empty());
}

TEST_CASE("jsonrpc 2.0 objects and an explicit null method are understood") {
  Client client;
  client.receive(R"({"jsonrpc":"2.0","id":2,"method":null,"result":[[],"01020304",4]})");
  CHECK(client.session.subscribed());
}

TEST_CASE("a reply whose id comes back as text is matched") {
  Client client;
  client.receive(std::string(R"({"id":"2","result":)") + kSubscribeResult + ",\"error\":null}");
  CHECK(client.session.subscribed());
}

TEST_CASE("of duplicate keys the last wins") {
  Client client;
  client.receive(R"({"id":1,"id":2,"result":null,"result":[[],"01020304",4]})");
  CHECK(client.session.subscribed());
}

TEST_CASE("client.show_message is passed on, cut and cleaned") {
  Client client = Client::ready();
  client.receive(call("client.show_message", R"(["hello\u001b[31m\nworld"])"));
  REQUIRE(client.all<PoolMessage>().size() == 1);
  CHECK(client.all<PoolMessage>()[0].text == "hello [31m world");
  client.receive(call("client.show_message", "[\"" + std::string(1000, 'x') + "\"]"));
  CHECK(client.all<PoolMessage>()[1].text.size() == 200);
  client.receive(call("client.show_message", "[5]"));
  CHECK(client.all<LineRejected>().size() == 1);
}

TEST_CASE("client.reconnect is passed on in both shapes; a malformed one is a bad line") {
  Client client = Client::ready();
  client.receive(call("client.reconnect", "[]"));
  client.receive(call("client.reconnect", R"(["127.0.0.1","3333",0])"));
  client.receive(call("client.reconnect", R"(["pool.example",4444,30])"));
  client.receive(call("client.reconnect", R"(["pool.example",99999])"));
  const auto requests = client.all<ReconnectRequested>();
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].host.empty());
  CHECK(requests[0].port == 0);
  CHECK(requests[1].host == "127.0.0.1");
  CHECK(requests[1].port == 3333);
  CHECK(requests[2].wait_s == 30);
  CHECK(client.all<LineRejected>().size() == 1);
}

TEST_CASE("one bad line does not end the session, three in a row do") {
  Client client = Client::ready();
  client.receive("garbage");
  client.receive("{\"id\":5");
  client.receive(notify("a"));  // a good one: begin again
  client.receive("[]");
  client.session.overlong_line();
  CHECK_FALSE(client.session.failed());
  client.receive(R"({"method":5})");
  CHECK(client.session.failed());
  CHECK(client.session.bad_lines() == 5);
  CHECK(client.all<LineRejected>().size() == 5);
  CHECK(client.all<SessionFailed>().size() == 1);
  CHECK_FALSE(client.session.authorised());
  CHECK(client.submit(share_of(client.job())) == SubmitResult::not_ready);
}

TEST_CASE("a failed session says nothing more, whatever comes") {
  Client client;
  for (int i = 0; i < 3; ++i)
    client.receive("garbage");
  REQUIRE(client.session.failed());
  client.forget();
  client.configure_timed_out();
  client.session.overlong_line();
  client.receive("garbage");
  client.receive(R"({"id":1,"method":"mining.ping"})");
  client.receive(reply(2, kSubscribeResult));
  CHECK(client.events.empty());
  CHECK(client.lines.empty());
  CHECK_FALSE(client.session.configure_pending());
}

TEST_CASE("every kind of bad line is counted and leaves the session as it was") {
  Client client = Client::ready();
  client.receive(notify("a"));
  std::string nul = notify("b");
  nul[10] = '\0';
  NotifyText bad;
  bad.bits = "1d80ffff";
  const std::string deep = "{\"params\":" + std::string(17, '[') + std::string(17, ']') + "}";
  const std::string lines[] = {"",
                               nul,
                               "{\"a\":\"\xff\"}",
                               deep,
                               bad.line(),
                               set_difficulty("null"),
                               "null",
                               R"({"error":null,"id":3,"result":{,"minimum-difficulty":false}})",
                               "Invalid JSON, disconnecting"};
  std::uint64_t count = 0;
  for (const std::string& line : lines) {
    client.forget();
    client.receive(line);
    CHECK(client.session.bad_lines() == ++count);
    REQUIRE(client.all<LineRejected>().size() == 1);
    CHECK(client.all<LineRejected>()[0].what.size() < 200);
    client.receive(R"({"id":1,"method":"mining.ping"})");
  }
  client.receive(notify("b"));
  CHECK(client.job()->id == "b");
  CHECK(client.submit(share_of(client.job())) == SubmitResult::sent);
}

TEST_CASE("questions without end are answered only as fast as the answers are taken") {
  Session session(Client::default_config());
  session.start();
  for (int i = 0; i < 10'000; ++i)
    session.receive(R"({"id":7,"method":"mining.ping"})");
  CHECK(session.take_output().size() <= 64);
}

}  // namespace ebb::stratum
