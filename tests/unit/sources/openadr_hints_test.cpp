#include "sources/openadr/mqtt_hints.h"
#include "sources/openadr/webhook.h"
#include "tests/unit/sources/openadr_fake_vtn.h"

namespace ebb::sources::openadr {
namespace {

WebRequest post(const std::string& body, const std::string& token = "t0ken") {
  return {"POST", "/x", {}, {{"authorization", "Bearer " + token}}, body};
}

std::string notice(const std::string& operation) {
  return R"({"objectType":"EVENT","operation":")" + operation + R"(","object":{"id":"e"}})";
}

TEST_CASE("A callback echoes, whoever asks", "[openadr]") {
  int hints = 0;
  const auto answer = [&](const WebRequest& request) {
    return answer_callback(request, "t0ken", [&] { ++hints; });
  };
  const WebAnswer echo = answer({"GET", "/x", {{"echo", "w0rd_-~"}}, {}, ""});
  CHECK(echo.status == 200);
  CHECK(echo.body == "w0rd_-~");
  CHECK(echo.content_type == "text/plain");
  CHECK(answer({"GET", "/x", {}, {}, ""}).status == 400);
  CHECK(answer({"GET", "/x", {{"echo", "<script>"}}, {}, ""}).status == 400);
  CHECK(answer({"GET", "/x", {{"echo", std::string(300, 'a')}}, {}, ""}).status == 400);
  CHECK(hints == 0);
}

TEST_CASE("A notification is a hint, in the words of both versions", "[openadr]") {
  int hints = 0;
  const auto answer = [&](const WebRequest& request) {
    return answer_callback(request, "t0ken", [&] { ++hints; }).status;
  };
  for (const char* operation : {"CREATE", "UPDATE", "DELETE", "POST", "PUT"})
    CHECK(answer(post(notice(operation))) == 200);
  CHECK(hints == 5);
  CHECK(answer(post(notice("CREATE"), "t0kem")) == 401);
  CHECK(answer(post(notice("CREATE"), "t0ken2")) == 401);
  CHECK(answer({"POST", "/x", {}, {}, notice("CREATE")}) == 401);
  CHECK(answer(post(notice("EXPLODE"))) == 400);
  CHECK(answer(post("{")) == 400);
  CHECK(answer(post("[]")) == 400);
  CHECK(answer({"PUT", "/x", {}, {}, ""}) == 405);
  CHECK(hints == 5);
}

TEST_CASE("Tokens cannot be guessed", "[openadr]") {
  CHECK(random_token().size() == 32);
  CHECK(random_token() != random_token());
}

TEST_CASE("A subscription is kept, and those of earlier runs go", "[openadr]") {
  FakeVtn vtn;
  vtn.answers["/3.1/subscriptions"] = [&](const HttpRequest& request) {
    if (request.method == "POST") return FakeVtn::json(R"({"id":"s2"})", 201);
    return FakeVtn::json(R"([{"id":"s1","clientName":"rig"},{"id":"s9","clientName":"another"}])");
  };
  std::vector<std::string> deleted;
  vtn.answers["/3.1/subscriptions/s1"] = [&](const HttpRequest& request) {
    deleted.push_back(request.method);
    return FakeVtn::json("{}");
  };
  VtnClient client = vtn.client();
  const Enrolment enrolment({"rig", "rig", false});
  const std::vector<Event> events;
  const std::vector<Program> programs;
  const FirstSeen seen;
  const std::optional<Telemetry> telemetry;
  const Chore::View view{client, enrolment, programs, events, seen, telemetry};
  SubscriptionChore chore("https://rig.example/hook", "t0ken");
  CHECK(chore.run(view, {}));
  CHECK(deleted == std::vector<std::string>{"DELETE"});
  CHECK(vtn.sent("/3.1/subscriptions") ==
        R"({"clientName":"rig","objectOperations":[{"objects":["EVENT","PROGRAM"],)"
        R"("operations":["CREATE","UPDATE","DELETE"],"callbackUrl":"https://rig.example/hook",)"
        R"("bearerToken":"t0ken"}]})");
  const std::size_t before = vtn.asked.size();
  CHECK(chore.run(view, {}));  // not so soon
  CHECK(vtn.asked.size() == before);

  // Ten minutes later it is still there; then it is gone, and made anew.
  vtn.answers["/3.1/subscriptions"] = [&](const HttpRequest& request) {
    if (request.method == "POST") return FakeVtn::json(R"({"id":"s3"})", 201);
    return FakeVtn::json(R"([{"id":"s2","clientName":"rig"}])");
  };
  vtn.now.steady += minutes(10);
  CHECK(chore.run(view, {}));
  CHECK(vtn.asked.size() == before + 1);
  vtn.answers["/3.1/subscriptions"] = [&](const HttpRequest& request) {
    return request.method == "POST" ? FakeVtn::json(R"({"id":"s3"})", 201) : FakeVtn::json("[]");
  };
  vtn.now.steady += minutes(10);
  CHECK(chore.run(view, {}));
  CHECK(vtn.asked.back().method == "POST");
}

TEST_CASE("3.0.1 has a subscription for each program", "[openadr]") {
  FakeVtn vtn;
  vtn.answers["/3.1/subscriptions"] = [&](const HttpRequest& request) {
    return request.method == "POST" ? FakeVtn::json(R"({"id":"s"})", 201) : FakeVtn::json("[]");
  };
  VtnClient client = vtn.client();
  const Enrolment enrolment({"rig", "rig", true});
  const std::vector<Event> events;
  const std::vector<Program> programs{{"p1", "a", {}}, {"p2", "b", {}}};
  const FirstSeen seen;
  const std::optional<Telemetry> telemetry;
  SubscriptionChore chore("https://rig.example/hook", "t0ken");
  CHECK(chore.run({client, enrolment, programs, events, seen, telemetry}, {}));
  CHECK(vtn.count("/3.1/subscriptions") == 3);
  CHECK(vtn.sent("/3.1/subscriptions").find(R"("programID":"p2")") != std::string::npos);
}

std::string notifiers(const std::string& uri, const std::string& authentication) {
  return R"({"WEBHOOK":true,"MQTT":{"URIS":["http://no",")" + uri +
         R"("],"serialization":"JSON","authentication":{)" + authentication + "}}}";
}

TEST_CASE("Brokers", "[openadr]") {
  const std::string anonymous = R"("method":"ANONYMOUS")";
  const std::string token = R"("method":"OAUTH2_BEARER_TOKEN","username":"ven")";
  const auto broker = [](const std::string& text) {
    const auto parsed = parse_notifiers(text);
    REQUIRE(parsed);
    return *parsed;
  };
  CHECK_FALSE(broker(R"({"WEBHOOK":true})"));
  CHECK_FALSE(broker("garbage"));
  const auto plain = broker(notifiers("mqtt://broker.example", anonymous));
  REQUIRE(plain);
  CHECK(plain->host == "broker.example");
  CHECK(plain->port == 1883);
  CHECK_FALSE(plain->tls);
  const auto secure = broker(notifiers("mqtts://[::1]:8884/", token));
  REQUIRE(secure);
  CHECK(secure->host == "::1");
  CHECK(secure->port == 8884);
  CHECK(secure->tls);
  CHECK(secure->user == "ven");
  CHECK(secure->token);
  CHECK_FALSE(parse_notifiers(notifiers("mqtt://b", token)));  // a token in clear text
  CHECK_FALSE(parse_notifiers(notifiers("mqtts://b", R"("method":"CERTIFICATE")")));
  for (const char* uri : {"mqtt://", "mqtt://b:0", "mqtt://b:99999", "mqtt://b:1x", "ws://b", "b"})
    CHECK_FALSE(parse_notifiers(notifiers(uri, anonymous)));
}

TEST_CASE("Topics", "[openadr]") {
  CHECK(parse_topics(R"({"topics":{"CREATE":"a/b","UPDATE":"c","DELETE":1,"ALL":""}})") ==
        std::vector<std::string>{"a/b", "c"});
  CHECK(parse_topics("[]").empty());
  CHECK(parse_topics("{").empty());
}

}  // namespace
}  // namespace ebb::sources::openadr
